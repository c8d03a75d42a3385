import type { Step, Workflow } from "./parse.ts";

/** Last parts of event fields that an outsider writes freely, with the part before where the name alone says too little. */
const OUTSIDERS_TEXT = /\.(?:title|body|message|page_name|email|head_branch|head_ref)$|\.(?:author|committer)\.name$|\.head\.(?:ref|label)$|\.head\.repo\.(?:default_branch|description|homepage)$/;
/** Whole objects that hold such fields, as `toJSON(github.event.issue)` pastes them. */
const OUTSIDERS_OBJECT = /^event(?:\.(?:issue|pull_request|comment|review|review_comment|discussion|commits|head_commit|pages|workflow_run))?(?:\.\*)?$/;
const EVENT_PATH = /github\.(event(?:\.[\w*-]+)*|head_ref)(?![\w-])/g;
/** The whole context, as `toJSON(github)` pastes it: the event is in it. */
const WHOLE = /(?<![\w.-])github(?:\.\*)?(?![\w.-])/;
const HEAD = /github\.event\.(?:pull_request\.head\.|workflow_run\.head_|pull_request\.merge_commit_sha)|github\.head_ref|refs\/pull\//;

/** Where the expression that starts at `from` ends: `}}` inside its single-quoted text is text. -1 where it never ends. */
function endOf(text: string, from: number): number {
  let quoted = false;
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === "'") quoted = !quoted;
    else if (!quoted && text[at] === "}" && text[at + 1] === "}") return at;
  }
  return -1;
}

/** What stands between `${{` and its `}}`. Linear: each character is looked at once. */
function expressions(text: string): string[] {
  const found: string[] = [];
  for (let at = text.indexOf("${{"); at !== -1; ) {
    const end = endOf(text, at + 3);
    // GitHub refuses text whose expression never ends; what stands in it is still looked at, the strict way round.
    found.push(text.slice(at + 3, end === -1 ? text.length : end));
    at = end === -1 ? -1 : text.indexOf("${{", end);
  }
  return found;
}

/** `github['event']["issue"].title` and `github.event.issue.title` are one path. */
function dotted(expression: string): string {
  return expression.replace(/\[\s*['"]([^'"\]]{0,100})['"]\s*\]/g, ".$1").replace(/\[[^\]]{0,100}\]/g, ".*").replace(/\s+/g, "").toLowerCase();
}

/** Event fields an outsider fills that the expression pastes, as dotted paths. */
function outsidersText(expression: string): string[] {
  const text = dotted(expression);
  const paths = [...text.matchAll(EVENT_PATH)].map((match) => match[1] ?? "");
  if (WHOLE.test(text.replace(/'[^']*'/g, "''"))) paths.push("event");
  return paths.filter((path) => path === "head_ref" || OUTSIDERS_TEXT.test(path) || OUTSIDERS_OBJECT.test(path));
}

export interface Privilege {
  /** What is compared before and after; equal kinds are one privilege, counted. */
  readonly kind: string;
  readonly says: string;
  /** Text to look for in the added lines. */
  readonly at: string;
}

function checksOutHead(step: Step): boolean {
  const text = ["ref", "repository"].map((key) => step.with[key]).filter((value) => typeof value === "string").join(" ");
  return /^actions\/checkout@/i.test(step.uses) && HEAD.test(dotted(text));
}

/** Everything in a workflow that lets an outsider's input act with the repository's rights. */
export function privileges(workflow: Workflow): Privilege[] {
  const found: Privilege[] = [];
  const privileged = ["pull_request_target", "workflow_run"].filter((name) => workflow.triggers.has(name));
  if (workflow.triggers.has("pull_request_target")) found.push({ kind: "trigger", says: "runs on pull_request_target, with the repository's secrets, for anyone's pull request", at: "pull_request_target" });
  if (workflow.permissions === "write-all") found.push({ kind: "write-all", says: "gives every job a token that may write everything", at: "write-all" });
  for (const job of workflow.jobs) {
    if (job.permissions === "write-all") found.push({ kind: "write-all", says: `gives job ${job.id} a token that may write everything`, at: "write-all" });
    for (const step of job.steps) {
      if (privileged.length > 0 && checksOutHead(step)) found.push({ kind: "checkout", says: `checks out an outsider's code under ${privileged.join(" and ")}`, at: "ref:" });
      const paths = step.runs.flatMap(expressions).flatMap(outsidersText);
      for (const path of paths) found.push({ kind: `paste github.${path}`, says: `pastes github.${path}, which an outsider writes, into a script of job ${job.id}`, at: path.slice(path.lastIndexOf(".") + 1) });
    }
  }
  return found;
}

/** Privileges the new text has more of than the old. */
export function addedPrivileges(old: Workflow | null, now: Workflow): Privilege[] {
  const left = new Map<string, number>();
  for (const { kind } of old === null ? [] : privileges(old)) left.set(kind, (left.get(kind) ?? 0) + 1);
  return privileges(now).filter(({ kind }) => {
    const before = left.get(kind) ?? 0;
    left.set(kind, before - 1);
    return before <= 0;
  });
}
