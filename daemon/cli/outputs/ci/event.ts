/** Which change a CI job is about, by what its host says in environment and event file. Pure: both are handed in. */
import { MaestroError } from "../../../../proto/errors.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** A pull or merge request, for comments. */
export interface Request {
  /** `owner/name` at GitHub; the project's number at GitLab. */
  readonly repository: string;
  readonly number: number;
}

export interface CiChange {
  readonly host: "github" | "gitlab";
  /** As the host calls it. */
  readonly event: string;
  readonly head: string;
  /** What the clone knows the target by: a remote branch, or a commit. */
  readonly target: string;
  /** The branch it stands for, where `target` is a commit. */
  readonly target_ref: string | null;
  readonly request: Request | null;
}

/** Follows names into a JSON document; `undefined` where one is missing. */
function at(document: unknown, ...names: readonly string[]): unknown {
  return names.reduce<unknown>((found, name) => (typeof found === "object" && found !== null && Object.hasOwn(found, name) ? (found as Readonly<Record<string, unknown>>)[name] : undefined), document);
}

function text(document: unknown, ...names: readonly string[]): string {
  const found = at(document, ...names);
  if (typeof found === "string" && found !== "") return found;
  throw new MaestroError("cli.usage", `the CI event does not say ${names.join(".")}; name the change with --target and --head`);
}

function count(document: unknown, ...names: readonly string[]): number {
  const found = at(document, ...names);
  if (typeof found === "number" && Number.isSafeInteger(found) && found > 0) return found;
  throw new MaestroError("cli.usage", `the CI event does not say ${names.join(".")}; name the change with --target and --head`);
}

const branchOf = (ref: string): string => ref.replace(/^refs\/heads\//, "");

function pullRequest(payload: unknown, event: string): CiChange {
  const request = { repository: text(payload, "repository", "full_name"), number: count(payload, "pull_request", "number") };
  return { host: "github", event, head: text(payload, "pull_request", "head", "sha"), target: `origin/${text(payload, "pull_request", "base", "ref")}`, target_ref: null, request };
}

/** A group waits on the one before it, so what it adds is measured from its own base, which need not be the branch's tip. */
function mergeGroup(payload: unknown): CiChange {
  const branch = branchOf(text(payload, "merge_group", "base_ref"));
  return { host: "github", event: "merge_group", head: text(payload, "merge_group", "head_sha"), target: text(payload, "merge_group", "base_sha"), target_ref: `refs/heads/${branch}`, request: null };
}

function push(payload: unknown): CiChange {
  if (at(payload, "deleted") === true) throw new MaestroError("cli.usage", "the push deleted its branch: there is no change to gate");
  return { host: "github", event: "push", head: text(payload, "after"), target: `origin/${text(payload, "repository", "default_branch")}`, target_ref: null, request: null };
}

function github(env: Environment, readEvent: (path: string) => unknown): CiChange | null {
  const event = env["GITHUB_EVENT_NAME"] ?? "";
  const payload = (): unknown => readEvent(env["GITHUB_EVENT_PATH"] ?? "");
  switch (event) {
    case "pull_request":
    case "pull_request_target":
      return pullRequest(payload(), event);
    case "merge_group":
      return mergeGroup(payload());
    case "push":
      return push(payload());
    default:
      return null;
  }
}

function gitlab(env: Environment): CiChange | null {
  const source = env["CI_PIPELINE_SOURCE"] ?? "";
  const commit = text(env, "CI_COMMIT_SHA");
  if (source !== "merge_request_event") {
    if ((env["CI_COMMIT_BRANCH"] ?? "") === "") return null;
    return { host: "gitlab", event: source, head: commit, target: `origin/${text(env, "CI_DEFAULT_BRANCH")}`, target_ref: null, request: null };
  }
  const branch = text(env, "CI_MERGE_REQUEST_TARGET_BRANCH_NAME");
  const request = { repository: text(env, "CI_PROJECT_ID"), number: count({ CI_MERGE_REQUEST_IID: Number(text(env, "CI_MERGE_REQUEST_IID")) }, "CI_MERGE_REQUEST_IID") };
  const train = env["CI_MERGE_REQUEST_EVENT_TYPE"] === "merge_train";
  // In a merged-results pipeline the checked-out commit is GitLab's own merge; the change ends at the source branch. A train is judged as it would land.
  const head = train ? commit : env["CI_MERGE_REQUEST_SOURCE_BRANCH_SHA"] || commit;
  const base = train ? (env["CI_MERGE_REQUEST_TARGET_BRANCH_SHA"] ?? "") : "";
  return { host: "gitlab", event: train ? "merge_train" : source, head, target: base === "" ? `origin/${branch}` : base, target_ref: base === "" ? null : `refs/heads/${branch}`, request };
}

/**
 * Null outside GitHub Actions and GitLab CI, and for events that are about no change (a schedule, a tag). Throws `cli.usage`
 * where the event is of a known kind and does not say what it is about: guessing there would gate something else.
 */
export function ciChange(env: Environment, readEvent: (path: string) => unknown): CiChange | null {
  if (env["GITHUB_ACTIONS"] === "true") return github(env, readEvent);
  return env["GITLAB_CI"] === "true" ? gitlab(env) : null;
}
