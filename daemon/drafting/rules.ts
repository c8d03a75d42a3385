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

const TOO_LONG = "The draft is longer than drafts may be; split the change.";

/** The same study gives the same text. A patch that is cut would apply to something else, so nothing is cut. */
export function draftByRules(study: Study, task: DraftTask, parses: Parses): string {
  const text = TASKS[task](study, parses);
  return text.length > DRAFT_CHARACTERS_MAX ? TOO_LONG : text;
}
