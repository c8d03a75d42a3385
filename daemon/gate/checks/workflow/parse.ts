/** Reads a workflow or composite action of GitHub Actions (Forgejo and Gitea speak the same). Loaded in the check process only. */
import { isFields, type Fields } from "../reading/json.ts";
import { readYaml } from "../reading/yaml.ts";

const WORKFLOW_CHARACTERS_MAX = 512 * 1024;
/** Anchors are allowed since 2025; far more expansions than any real file has would be a bomb. */
const ALIASES_MAX = 200;

export interface Step {
  readonly uses: string;
  /** Text a shell or an interpreter runs, after expressions were pasted into it. */
  readonly runs: readonly string[];
  readonly with: Fields;
}

/** Permissions as written: a map, one of the two words, or null where there are none. */
export type Permissions = { readonly [scope: string]: string } | "read-all" | "write-all" | null;

export interface Job {
  readonly id: string;
  readonly permissions: Permissions;
  readonly steps: readonly Step[];
}

export interface Workflow {
  readonly triggers: ReadonlySet<string>;
  readonly permissions: Permissions;
  readonly jobs: readonly Job[];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function triggersOf(on: unknown): Set<string> {
  if (typeof on === "string") return new Set([on]);
  if (Array.isArray(on)) return new Set(on.filter((name) => typeof name === "string"));
  return new Set(isFields(on) ? Object.keys(on) : []);
}

function permissionsOf(value: unknown): Permissions {
  if (value === undefined || value === null) return null;
  if (value === "read-all" || value === "write-all") return value;
  if (!isFields(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([scope, level]) => [scope, textOf(level)]));
}

function stepsOf(value: unknown): Step[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isFields).map((step) => {
    const inputs = isFields(step["with"]) ? step["with"] : {};
    const uses = textOf(step["uses"]);
    const script = /^actions\/github-script@/i.test(uses) ? textOf(inputs["script"]) : "";
    return { uses, with: inputs, runs: [textOf(step["run"]), script].filter((text) => text !== "") };
  });
}

/** The workflow, or why it cannot be read. */
export function parseWorkflow(text: string): Workflow | { readonly broken: string } {
  const read = readYaml(text, { characters_max: WORKFLOW_CHARACTERS_MAX, aliases_max: ALIASES_MAX });
  if ("broken" in read) return read;
  const root = read.value;
  if (!isFields(root)) return { broken: "it is not a map" };
  const jobs = isFields(root["jobs"]) ? Object.entries(root["jobs"]) : [];
  const all = jobs.map(([id, job]): Job => (isFields(job) ? { id, permissions: permissionsOf(job["permissions"]), steps: stepsOf(job["steps"]) } : { id, permissions: null, steps: [] }));
  const composite = isFields(root["runs"]) ? stepsOf(root["runs"]["steps"]) : [];
  if (composite.length > 0) all.push({ id: "runs", permissions: null, steps: composite });
  return { triggers: triggersOf(root["on"]), permissions: permissionsOf(root["permissions"]), jobs: all };
}
