import type { Job, Permissions, Workflow } from "./parse.ts";

/** Scopes whose write access changes what users get: code, packages, identities, artifacts. */
const SCOPES = ["contents", "packages", "id-token", "actions", "deployments", "attestations"] as const;
export type Scope = (typeof SCOPES)[number];

/**
 * `default` is a token without a permissions block: the repository's setting,
 * read or write, decides, and the change does not say which.
 */
export type Level = "none" | "read" | "default" | "write";

function levelOf(permissions: Permissions, scope: Scope): Level {
  // No setting gives a token id-token: write without asking (GitHub docs, "Permissions for the GITHUB_TOKEN").
  if (permissions === null) return scope === "id-token" ? "none" : "default";
  if (permissions === "write-all") return "write";
  if (permissions === "read-all") return scope === "id-token" ? "none" : "read";
  const level = permissions[scope]?.toLowerCase();
  return level === "write" || level === "read" ? level : "none";
}

const RANK: Readonly<Record<Level, number>> = { none: 0, read: 1, default: 2, write: 3 };

function effective(workflow: Workflow, job: Job, scope: Scope): Level {
  return levelOf(job.permissions ?? workflow.permissions, scope);
}

function highest(workflow: Workflow, scope: Scope): Level {
  const levels = workflow.jobs.length === 0 ? [levelOf(workflow.permissions, scope)] : workflow.jobs.map((job) => effective(workflow, job, scope));
  return levels.reduce((a, b) => (RANK[b] > RANK[a] ? b : a));
}

/**
 * What a new job is compared with: the most its file had before. One without
 * any block only loses a limit where the workflow itself had stated one.
 */
function levelForNewJob(old: Workflow, scope: Scope, to: Level): Level {
  return to === "default" ? levelOf(old.permissions, scope) : highest(old, scope);
}

/**
 * A raise is to `write` from what was stated to be less, or from a stated
 * limit to none at all. From `default` nothing is a raise: an absent block
 * may already have meant write, so spelling it out only narrows it.
 */
function isRaise(from: Level, to: Level): boolean {
  if (to === "write") return from === "none" || from === "read";
  return to === "default" && (from === "none" || from === "read");
}

export interface Raise {
  readonly scope: Scope;
  readonly from: Level;
  readonly to: Level;
  readonly jobs: readonly string[];
}

/**
 * Compares what each job's token may do before and after, over the whole
 * file: a block moved between workflow and job changes nothing. In a new file
 * (`old` null) a stated write is a raise and an absent block is none.
 */
export function raises(old: Workflow | null, now: Workflow): Raise[] {
  const found = new Map<string, { scope: Scope; from: Level; to: Level; jobs: string[] }>();
  const jobs: readonly Job[] = now.jobs.length > 0 ? now.jobs : [{ id: "*", permissions: null, steps: [] }];
  for (const scope of SCOPES) {
    for (const job of jobs) {
      const to = effective(now, job, scope);
      const before = old?.jobs.find(({ id }) => id === job.id);
      const from = old === null ? (to === "write" ? "none" : to) : before === undefined ? levelForNewJob(old, scope, to) : effective(old, before, scope);
      if (!isRaise(from, to)) continue;
      const key = `${scope} ${from} ${to}`;
      const raise = found.get(key) ?? { scope, from, to, jobs: [] };
      raise.jobs.push(job.id);
      found.set(key, raise);
    }
  }
  return [...found.values()];
}
