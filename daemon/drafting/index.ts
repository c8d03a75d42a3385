/** Drafts about a gate: rules write them, and a model may phrase what the rules found. Runs in check processes: it reads text of a change. */
import type { DraftTask, PromptRef } from "../../proto/drafting.ts";
import { DRAFT_CHARACTERS_MAX } from "../../proto/drafting.ts";
import type { Material } from "./material.ts";
import { parses } from "./parses.ts";
import { continuedPrompt } from "./phrasing/continued.ts";
import { type Exemplar, modelPrompt, type ModelPrompt } from "./phrasing/facts.ts";
import { held, phrased } from "./phrasing/held.ts";
import { continuedPromptFor, promptFor } from "./phrasing/prompts.ts";
import { draftByRules } from "./rules.ts";
import { type Study, study } from "./study.ts";

export type { Material, MaterialFile } from "./material.ts";

export interface Written {
  readonly task: DraftTask;
  readonly text: string;
  /** What a model may be asked; null where none is. */
  readonly prompt: (ModelPrompt & { readonly ref: PromptRef; readonly continued: { readonly text: string; readonly ref: PromptRef } | null }) | null;
  /** Whether words of a model stand in it, and what became of those that do not. */
  readonly phrased: boolean;
  readonly because: string;
  readonly cpu_us: number;
}

export interface Said {
  readonly task: DraftTask;
  readonly text: string;
  /** Answered to the prompt that is gone on with. */
  readonly continued?: boolean;
}

export interface Wanted {
  readonly tasks: readonly DraftTask[];
  /** What a model answered to the prompts of an earlier writing; the same material gives the same facts. */
  readonly said: readonly Said[];
  readonly exemplars: readonly Exemplar[];
}

function continuedOf(facts: Study, task: DraftTask): { readonly text: string; readonly ref: PromptRef } | null {
  const prompt = continuedPromptFor(task);
  const text = prompt === null ? null : continuedPrompt(facts, task, prompt);
  return prompt === null || text === null ? null : { text, ref: prompt.ref };
}

function written(facts: Study, task: DraftTask, { said, exemplars }: Wanted): Omit<Written, "task" | "cpu_us"> {
  const rules = draftByRules(facts, task, parses);
  const prompt = promptFor(task);
  const asked = prompt === null ? null : { ...modelPrompt(facts, task, prompt, exemplars), ref: prompt.ref, continued: continuedOf(facts, task) };
  const answer = said.find((one) => one.task === task);
  if (answer === undefined || prompt === null) return { text: rules, prompt: asked, phrased: false, because: prompt === null ? "only rules write this" : "rules wrote it" };
  const words = held(facts, task, answer.text, answer.continued === true);
  const text = phrased(facts, task, rules, words);
  const dropped = [...new Set(words.dropped)].join("; ");
  if (text === null || text.length > DRAFT_CHARACTERS_MAX) return { text: rules, prompt: asked, phrased: false, because: `the model's words were dropped: ${dropped === "" ? "they name nothing of this change" : dropped}` };
  return { text, prompt: asked, phrased: true, because: dropped === "" ? "the model's words stand the facts" : `some of the model's words were dropped: ${dropped}` };
}

/** One reading for all tasks; what it took is shared out by the first. */
export function write(material: Material, wanted: Wanted): Written[] {
  let cpu = process.cpuUsage();
  const facts = study(material);
  return wanted.tasks.map((task) => {
    const one = written(facts, task, wanted);
    const { user, system } = process.cpuUsage(cpu);
    cpu = process.cpuUsage();
    return { task, ...one, cpu_us: Math.round(user + system) };
  });
}
