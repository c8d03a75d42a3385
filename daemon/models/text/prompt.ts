/** A prompt as text. Pure. */
import type { Generated, Prompt } from "../../../proto/model-work.ts";

const NAMES = { system: "System", user: "User", assistant: "Assistant" } as const;

export interface Written {
  readonly text: string;
  readonly templated: Generated["templated"];
  /** Where an answer ends that was asked for in this form. */
  readonly stops: readonly string[];
}

/** A model without a template goes on writing a conversation; the next turn of the other is none of its answer. */
export function written(prompt: Prompt): Written {
  if ("text" in prompt) return { text: prompt.text, templated: "text", stops: [] };
  const turns = prompt.messages.map(({ role, content }) => `${NAMES[role]}: ${content}\n\n`);
  return { text: `${turns.join("")}Assistant:`, templated: "transcript", stops: [`\n${NAMES.user}:`, `\n${NAMES.system}:`] };
}
