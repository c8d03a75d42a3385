/** Prompts as artefacts: files with a name, a version and a digest. The two conductors' are shipped as the plans gave them; code keeps their duties (docs/prompts.md). */
import { createHash } from "node:crypto";
import type { DraftTask, PromptRef } from "../../../proto/drafting.ts";
import conductor09 from "../../../policies/prompts/conductor-0.9.txt" with { type: "text" };
import conductor19 from "../../../policies/prompts/conductor-1.9.txt" with { type: "text" };
import changelog from "../../../policies/prompts/changelog.txt" with { type: "text" };
import commitMessage from "../../../policies/prompts/commit-message.txt" with { type: "text" };
import reviewerNoteContinued from "../../../policies/prompts/reviewer-note-continued.txt" with { type: "text" };
import reviewerNote from "../../../policies/prompts/reviewer-note.txt" with { type: "text" };
import summaryContinued from "../../../policies/prompts/summary-continued.txt" with { type: "text" };
import summary from "../../../policies/prompts/summary.txt" with { type: "text" };
import triageContinued from "../../../policies/prompts/triage-continued.txt" with { type: "text" };
import triage from "../../../policies/prompts/triage.txt" with { type: "text" };

export interface ShippedPrompt {
  readonly ref: PromptRef;
  readonly text: string;
}

const FORM = /^---\nname: (?<name>[a-z][a-z0-9-]{0,62})\nversion: (?<version>\d+\.\d+\.\d+)\n---\n(?<text>[\s\S]+)$/;

/** Throws where a shipped file has no such head: it is ours. */
function readPrompt(file: string): ShippedPrompt {
  const groups = FORM.exec(file)?.groups;
  if (groups === undefined) throw new Error("a prompt begins with its name and its version");
  return { ref: { name: groups["name"]!, version: groups["version"]!, sha256: createHash("sha256").update(file).digest("hex") }, text: groups["text"]!.trim() };
}

const TEXTS: Readonly<Partial<Record<DraftTask, string>>> = { triage, summary, "commit-message": commitMessage, "reviewer-note": reviewerNote, changelog };
const CONTINUED: Readonly<Partial<Record<DraftTask, string>>> = { triage: triageContinued, summary: summaryContinued, "reviewer-note": reviewerNoteContinued };

/** What the plans asked of the whole conductor. No model is given them: code keeps their duties, and evidence names which text they are. */
export const conductorPrompts = (): ShippedPrompt[] => [conductor09, conductor19].map(readPrompt);

/** Null where no model is asked: a patch and a program text are the rules' alone. */
export const promptFor = (task: DraftTask): ShippedPrompt | null => (TEXTS[task] === undefined ? null : readPrompt(TEXTS[task]));

/** For a model that goes on with a text and follows no order; null where such a model has nothing to add. */
export const continuedPromptFor = (task: DraftTask): ShippedPrompt | null => (CONTINUED[task] === undefined ? null : readPrompt(CONTINUED[task]));
