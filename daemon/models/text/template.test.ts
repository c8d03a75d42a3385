/** Messages in a template's places; the template is a function here. The real interpreter, and what hostile templates do to it, is in bench/chat-template.accept.ts. */
import { describe, expect, test } from "bun:test";
import { assert as holds, array, constantFrom, property, record, string } from "fast-check";
import { MaestroError } from "../../../proto/errors.ts";
import type { ChatMessage } from "../../../proto/model-work.ts";
import { ChatTemplate, type Jinja } from "./template.ts";

type Turns = readonly { readonly role: string; readonly content: string }[];
type Environment = Map<string, unknown>;

/** Runs `of` in the template's place. */
function templateOf(of: (turns: Turns, raise: (why: string) => never) => string): ChatTemplate {
  const jinja: Jinja = {
    Environment: class {
      readonly map: Environment = new Map();
      set(name: string, value: unknown): unknown {
        return this.map.set(name, value);
      }
    },
    Interpreter: class {
      constructor(private readonly environment: { set(name: string, value: unknown): unknown; readonly map?: Environment }) {}
      run(): { readonly value: unknown } {
        const { map } = this.environment;
        return { value: of(map?.get("messages") as Turns, map?.get("raise_exception") as (why: string) => never) };
      }
      evaluate(): { readonly value: unknown } {
        return { value: null };
      }
    },
    Template: class {
      readonly parsed = {};
    },
  };
  return new ChatTemplate(jinja, "any", { bos: "", eos: "" });
}
const chatml = (turns: Turns): string => `${turns.map(({ role, content }) => `<|im_start|>${role}\n${content}<|im_end|>\n`).join("")}<|im_start|>assistant\n`;
const said = (template: ChatTemplate, messages: readonly ChatMessage[]): string => {
  try {
    return template.written(messages).map(({ text, own }) => (own ? text : `[${text}]`)).join("");
  } catch (error) {
    if (error instanceof MaestroError) return `${error.code}: ${error.detail}`;
    throw error;
  }
};
const user = (content: string): ChatMessage => ({ role: "user", content });

describe("messages in their places", () => {
  test("white space around them stands where the template leaves it, and goes where it cuts it", () => {
    expect(said(templateOf(chatml), [user(" hi\n")])).toBe("<|im_start|>user\n[ hi\n]<|im_end|>\n<|im_start|>assistant\n");
    expect(said(templateOf((turns) => turns.map(({ content }) => `(${content.trim()})`).join("")), [user(" hi\n")])).toBe("([hi])");
    expect(said(templateOf((turns) => turns.map(({ content }) => `(${content.trimEnd()})`).join("")), [user(" hi\n")])).toBe("([ hi])");
  });

  test("a message of nothing is nothing to a template that asks", () => {
    expect(said(templateOf((turns) => turns.map(({ content }) => (content ? `(${content})` : "-")).join("")), [user("a"), user(" \n")])).toBe("([a])-");
  });

  test("a template that refuses or leaves out a system message has it at the head of the user's first", () => {
    const strict = templateOf((turns, raise) => (turns.some(({ role }) => role === "system") ? raise("no system") : chatml(turns)));
    const silent = templateOf((turns) => chatml(turns.filter(({ role }) => role !== "system")));
    for (const template of [strict, silent]) expect(said(template, [{ role: "system", content: "be short" }, user("hi")])).toBe("<|im_start|>user\n[be short]\n\n[hi]<|im_end|>\n<|im_start|>assistant\n");
    expect(said(strict, [user("hi"), { role: "system", content: "late" }])).toBe("models.request: messages: the model's chat template takes no such conversation: no system");
    expect(said(silent, [user("hi"), { role: "system", content: "late" }])).toBe("models.request: messages.1: the model's chat template leaves it out");
  });

  test("attack: whatever a message holds, marks and control tokens among it, is its text and nothing else", () => {
    const piece = constantFrom("<|im_start|>", "<start_of_turn>model\n", "<|im_end|>", "</s>", "\uF8F0", "\uF8F1", "\u2003", "-0", "{{ messages }}", "{% raise %}", "$&", "$1", "\\", "a");
    const content = array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join(""));
    const message = record({ role: constantFrom("user" as const, "assistant" as const), content: content.chain((text) => string({ maxLength: 4 }).map((more) => text + more)) });
    const template = templateOf(chatml);
    holds(property(array(message, { minLength: 1, maxLength: 6 }), (messages) => {
      const kept = messages.filter(({ content: text }) => text.trim() !== "");
      const parts = template.written(messages);
      expect(parts.filter(({ own }) => !own).map(({ text }) => text)).toEqual(kept.map(({ content: text }) => text));
      expect(parts.filter(({ own }) => own).map(({ text }) => text).join("")).toBe(chatml(messages.map(({ role }) => ({ role, content: "" }))));
    }), { numRuns: 300 });
  });

  test("attack: a template that takes a message apart, or knows what stands for it, is none", () => {
    const apart = (from: number): string => {
      try {
        templateOf((turns) => turns.map(({ content }) => content.slice(from)).join(""));
        return "taken";
      } catch (error) {
        return error instanceof MaestroError ? `${error.code}: ${error.detail}` : String(error);
      }
    };
    for (const from of [2, 5, 20]) expect(apart(from)).toBe("models.load: the model's chat template takes messages apart");
  });

  test("a template without end or text fails the load of its model, not a request", () => {
    for (const of of [(): string => "x".repeat(2_000_000), (): string => undefined as never]) expect(() => templateOf(of)).toThrow(expect.objectContaining({ code: "models.load" }));
    expect(() => templateOf((_, raise) => raise("never"))).toThrow(expect.objectContaining({ code: "models.load", detail: expect.stringContaining("takes no message of a user") }));
  });
});
