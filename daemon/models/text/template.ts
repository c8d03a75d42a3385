/**
 * A model's own chat template (Jinja, as it stands in its file). The file is somebody's, and so is every message: the template is run by an
 * interpreter that counts what it does, and it never sees a message. It sees a mark in each one's place; what stands in the marks' places
 * is put there afterwards, and is cut into tokens as text, so that no message becomes a control token.
 */
import { randomBytes } from "node:crypto";
import { MaestroError } from "../../../proto/errors.ts";
import type { ChatMessage } from "../../../proto/model-work.ts";

/** Known ones have a few thousand characters. */
const TEMPLATE_CHARACTERS_MAX = 256 * 1024;
/** Nodes evaluated, characters and items made; 512 messages take a known template some 50,000. */
const WORK_MAX = 4_000_000;
/** Characters around the marks. */
const FRAME_CHARACTERS_MAX = 1024 * 1024;
const SAID_MAX = 200;

/** A piece of a prompt: the template's own text, whose control tokens count, or what somebody wrote. */
export interface Part {
  readonly text: string;
  readonly own: boolean;
}

interface JinjaValue {
  readonly value: unknown;
}
interface JinjaEnvironment {
  set(name: string, value: unknown): unknown;
}
interface JinjaInterpreter {
  run(program: object): JinjaValue;
  evaluate(statement: unknown, environment: unknown): JinjaValue;
}
/** The part of @huggingface/jinja 0.5 that is used: it is installed with the engine and loaded from there. */
export interface Jinja {
  readonly Environment: new () => JinjaEnvironment;
  readonly Interpreter: new (environment: JinjaEnvironment) => JinjaInterpreter;
  readonly Template: new (text: string) => { readonly parsed: object };
}

/** Throws what loading it throws. */
export const loadJinja = async (engine_folder: string): Promise<Jinja> => (await import(Bun.resolveSync("@huggingface/jinja", engine_folder))) as Jinja;

/** The template itself says that it takes no such conversation. */
class Raised extends Error {}

class Work {
  #left = WORK_MAX;

  spend(amount: number): void {
    this.#left -= amount;
    // A number that is none is no amount, and ends it, too.
    if (!(this.#left >= 0)) throw new MaestroError("models.load", `the model's chat template does more than ${WORK_MAX} steps for one conversation`);
  }
}

/** Of white space only this one stands beside a mark: whether it is still there says whether the template cuts what surrounds a message. */
const PAD = "\u2003";
const [OPEN, CLOSE] = ["\uF8F0", "\uF8F1"];
const MARKS = new RegExp(`[${PAD}${OPEN}${CLOSE}]`);

const load = (what: string, cause?: unknown): MaestroError => new MaestroError("models.load", what, cause === undefined ? {} : { cause });
const said = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, SAID_MAX).toWellFormed();

/** What a conversation is to the template. */
interface Turn {
  readonly role: ChatMessage["role"];
  readonly content: string;
}

export class ChatTemplate {
  readonly #program: object;

  /** Throws `models.load` for a template that cannot be read, or takes not even one message of a user. */
  constructor(
    private readonly jinja: Jinja,
    text: string,
    private readonly tokens: { readonly bos: string; readonly eos: string },
  ) {
    if (text.length > TEMPLATE_CHARACTERS_MAX) throw load(`the model's chat template has ${text.length} characters, the most is ${TEMPLATE_CHARACTERS_MAX}`);
    if (MARKS.test(text)) throw load("the model's chat template holds characters that mark messages here");
    try {
      this.#program = new jinja.Template(text).parsed;
    } catch (cause) {
      throw load(`the model's chat template cannot be read: ${said(cause)}`, cause);
    }
    try {
      this.written([{ role: "user", content: "hello" }]);
    } catch (cause) {
      throw cause instanceof MaestroError && cause.code === "models.load" ? cause : load(`the model's chat template takes no message of a user: ${cause instanceof MaestroError ? cause.detail : said(cause)}`, cause);
    }
  }

  /** Throws `models.request` where the template takes no such conversation, `models.load` where it is no template at all. */
  written(messages: readonly ChatMessage[]): Part[] {
    const nonce = randomBytes(16).toString("hex");
    // Nothing but white space is nothing to a template that asks whether there is a message.
    const turns = messages.map(({ role, content }, at): Turn => ({ role, content: content.trim() === "" ? "" : `${PAD}${OPEN}${nonce}-${at}${CLOSE}${PAD}` }));
    const whole = (rendered: string): Part[] => partsOf(rendered, nonce, messages);
    try {
      return whole(this.#render(turns));
    } catch (first) {
      const folded = withoutSystem(turns);
      if (folded === null || (first instanceof MaestroError && first.code === "models.load")) throw refused(first);
      try {
        return whole(this.#render(folded));
      } catch (thrown) {
        throw refused(thrown);
      }
    }
  }

  #render(messages: readonly Turn[]): string {
    const { Environment, Interpreter } = this.jinja;
    const work = new Work();
    class Counting extends Interpreter {
      override evaluate(statement: unknown, environment: unknown): JinjaValue {
        work.spend(1);
        const made = super.evaluate(statement, environment);
        // Whatever a step makes is paid for before the next one makes more of it.
        if (typeof made.value === "string" || Array.isArray(made.value)) work.spend(made.value.length);
        // Filters take numbers for lengths of what they make.
        if (typeof made.value === "number" && !(Math.abs(made.value) <= WORK_MAX)) work.spend(WORK_MAX + 1);
        return made;
      }
    }
    const environment = new Environment();
    // No clock: the same conversation is the same prompt, today and tomorrow.
    const given = { true: true, false: false, none: null, True: true, False: false, None: null, messages, add_generation_prompt: true, bos_token: this.tokens.bos, eos_token: this.tokens.eos };
    for (const [name, value] of Object.entries(given)) environment.set(name, value);
    environment.set("range", (...bounds: readonly unknown[]) => range(bounds, work));
    environment.set("raise_exception", (reason: unknown) => {
      throw new Raised(String(reason));
    });
    try {
      const { value } = new Counting(environment).run(this.#program);
      if (typeof value !== "string") throw load("the model's chat template makes no text");
      return value;
    } catch (error) {
      if (error instanceof MaestroError || error instanceof Raised) throw error;
      throw load(`the model's chat template fails: ${said(error)}`, error);
    }
  }
}

function refused(error: unknown): unknown {
  return error instanceof Raised ? new MaestroError("models.request", `messages: the model's chat template takes no such conversation: ${said(error)}`, { cause: error }) : error;
}

/** A template that knows no system message gets it at the head of the user's first; null where that cannot be. */
function withoutSystem(turns: readonly Turn[]): Turn[] | null {
  const [system, user, ...rest] = turns;
  if (system?.role !== "system" || user?.role !== "user") return null;
  return [{ role: "user", content: [system.content, user.content].filter((content) => content !== "").join("\n\n") }, ...rest];
}

function range(bounds: readonly unknown[], work: Work): number[] {
  const [from = 0, to = 0, step = 1] = (bounds.length === 1 ? [0, bounds[0]] : bounds).map(Number);
  const count = Math.max(0, Math.ceil((to - from) / step));
  work.spend(count);
  return Array.from({ length: count }, (_, at) => from + at * step);
}

/** The messages in the places of their marks. Throws `models.load` for a mark that was taken apart, `models.request` for a message that has no place. */
function partsOf(rendered: string, nonce: string, messages: readonly ChatMessage[]): Part[] {
  const marks = new RegExp(`(${PAD}?)${OPEN}${nonce}-(\\d+)${CLOSE}(${PAD}?)`, "g");
  const parts: Part[] = [];
  const placed = new Set<number>();
  let [at, framed] = [0, 0];
  const frame = (text: string): void => {
    framed += text.length;
    if (MARKS.test(text)) throw load("the model's chat template takes messages apart");
    if (framed > FRAME_CHARACTERS_MAX) throw load(`the model's chat template writes more than ${FRAME_CHARACTERS_MAX} characters around a conversation`);
    if (text !== "") parts.push({ text, own: true });
  };
  for (const { index, 0: mark, 1: before, 2: nth, 3: after } of rendered.matchAll(marks)) {
    frame(rendered.slice(at, index));
    at = index + mark.length;
    const content = messages[Number(nth)]?.content ?? "";
    const cut = before === "" ? content.trimStart() : content;
    parts.push({ text: after === "" ? cut.trimEnd() : cut, own: false });
    placed.add(Number(nth));
  }
  frame(rendered.slice(at));
  const left = messages.findIndex(({ content }, nth) => content.trim() !== "" && !placed.has(nth));
  if (left >= 0) throw new MaestroError("models.request", `messages.${left}: the model's chat template leaves it out`);
  return parts;
}
