/** A prompt as text. Pure. */
import { MaestroError } from "../../../proto/errors.ts";
import { type Generated, type Prompt, PROMPT_CHARACTERS_MAX } from "../../../proto/model-work.ts";
import type { ChatTemplate, Part } from "./template.ts";

const NAMES = { system: "System", user: "User", assistant: "Assistant" } as const;

export interface Written {
  /** One after the other they are the prompt: what is counted, cached and evaluated. */
  readonly parts: readonly Part[];
  readonly templated: Generated["templated"];
  /** Where an answer ends that was asked for in this form. */
  readonly stops: readonly string[];
}

/** A model without a template goes on writing a conversation; the next turn of the other is none of its answer. Throws as the template does, and `models.request` for a text that is too long. */
export function written(prompt: Prompt, template: Pick<ChatTemplate, "written"> | null): Written {
  if ("text" in prompt) return { parts: [{ text: prompt.text, own: false }], templated: "text", stops: [] };
  if (template !== null) {
    const parts = template.written(prompt.messages);
    // A template may write a message in several places.
    const characters = parts.reduce((sum, { text }) => sum + text.length, 0);
    if (characters > 2 * PROMPT_CHARACTERS_MAX) throw new MaestroError("models.request", `messages: the model's chat template makes ${characters} characters of them, the most is ${2 * PROMPT_CHARACTERS_MAX}`);
    return { parts, templated: "template", stops: [] };
  }
  const turns = prompt.messages.map(({ role, content }) => `${NAMES[role]}: ${content}\n\n`);
  return { parts: [{ text: `${turns.join("")}Assistant:`, own: false }], templated: "transcript", stops: [`\n${NAMES.user}:`, `\n${NAMES.system}:`] };
}
