/** Drafts without a model: each task from what the change and its gate are, and nothing else. */
import type { DraftTask } from "../../proto/drafting.ts";
import { DRAFT_CHARACTERS_MAX } from "../../proto/drafting.ts";
import type { Study } from "./study.ts";
import { changelog } from "./tasks/changelog.ts";
import { commitMessage } from "./tasks/commit-message.ts";
import { fix, type Parses } from "./tasks/fix.ts";
import { reviewerNote } from "./tasks/reviewer-note.ts";
import { summary } from "./tasks/summary.ts";
import { testSkeleton } from "./tasks/test-skeleton.ts";
import { triage } from "./tasks/triage.ts";

const TASKS: Readonly<Record<DraftTask, (study: Study, parses: Parses) => string>> = { triage, summary, "commit-message": commitMessage, "reviewer-note": reviewerNote, changelog, fix, "test-skeleton": testSkeleton };

/** What a program takes is whole or not there: of a patch that is cut something else would come. Every other text is for reading, and ends at a line. */
const FOR_PROGRAMS: ReadonlySet<DraftTask> = new Set<DraftTask>(["fix", "test-skeleton"]);
/** Leaves room for a model's sentences behind it. */
const READ_CHARACTERS_MAX = DRAFT_CHARACTERS_MAX - 4_096;

const tooLong = (characters: number): string => `Nothing is drafted: it would have ${characters} characters, and a draft holds ${DRAFT_CHARACTERS_MAX}.`;

function cut(text: string): string {
  const kept = text.slice(0, Math.max(0, text.lastIndexOf("\n", READ_CHARACTERS_MAX)));
  return `${kept}\n\nLeft out from here: ${text.slice(kept.length + 1).split("\n").length} lines, as a draft holds ${DRAFT_CHARACTERS_MAX} characters.`;
}

/** The same study gives the same text. */
export function draftByRules(study: Study, task: DraftTask, parses: Parses): string {
  const text = TASKS[task](study, parses);
  if (text.length <= READ_CHARACTERS_MAX || (FOR_PROGRAMS.has(task) && text.length <= DRAFT_CHARACTERS_MAX)) return text;
  return FOR_PROGRAMS.has(task) ? tooLong(text.length) : cut(text);
}
