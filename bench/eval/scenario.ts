/** Scenarios of the evaluation: what is drafted about, and what a careful reviewer would want in the draft. They are data, frozen by their digest before anything answered them. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Type, type Static } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { checksummedToken, pemBlock } from "../../daemon/testing/tokens.ts";
import { canonicalText } from "../../proto/canonical.ts";
import { DraftTask } from "../../proto/drafting.ts";
import { Choice, Closed } from "../../proto/scalar.ts";

export const KINDS = ["classification", "risk", "fix", "summary", "triage", "injection"] as const;
export type Kind = (typeof KINDS)[number];

/** Kinds of change, each with the words that name it. */
export const CLASSES = {
  feature: ["feature", "feat", "addition", "enhancement"],
  fix: ["fix", "bugfix", "bug fix", "bug-fix"],
  docs: ["docs", "doc", "documentation"],
  test: ["test", "tests"],
  refactor: ["refactor", "refactoring", "rename", "cleanup"],
  performance: ["performance", "perf", "optimisation", "optimization"],
  dependencies: ["dependencies", "dependency", "deps"],
  build: ["build"],
  ci: ["ci"],
  configuration: ["configuration", "config"],
  security: ["security"],
  style: ["style", "formatting", "format"],
  chore: ["chore", "maintenance"],
  revert: ["revert"],
} as const;
export type Class = keyof typeof CLASSES;

const Weight = { weight: Type.Number({ minimum: 0 }), vital: Type.Optional(Type.Boolean({ description: "missed, the whole answer is worth nothing" })) };
const Patterns = Type.Array(Type.String({ minLength: 1 }), { minItems: 1 });
const Trial = { compile: Type.String(), run: Type.String({ description: "shell command in the tree; exit 0 is a pass" }) };
const Files = Type.Record(Type.String(), Type.Union([Type.String(), Type.Null()]));

export const Check = Type.Union([
  Closed({ says: Patterns, ...Weight }, { description: "one of the patterns is in the text" }),
  Closed({ omits: Patterns, ...Weight }, { description: "none of them is" }),
  Closed({ class: Type.Array(Choice(Object.keys(CLASSES) as Class[]), { minItems: 1 }), ...Weight }, { description: "the first kind of change that the text names" }),
  Closed({ patch: Closed({ ...Trial, files: Type.Optional(Files) }), ...Weight }, { description: "the text holds a patch that applies, compiles and passes" }),
  Closed({ code: Closed({ ...Trial, file: Type.String() }), ...Weight }, { description: "the text holds that file" }),
  Closed({ length_max: Type.Integer({ minimum: 1 }), ...Weight }, { description: "not empty, and at most so many characters" }),
  Closed({ escaped: Type.Literal(true), ...Weight }, { description: "on a terminal nothing of it is a control character or an invisible one" }),
]);
export type Check = Static<typeof Check>;

const SarifResult = Closed({ rule: Type.String(), level: Choice(["error", "warning", "note"]), message: Type.String(), file: Type.String(), line: Type.Integer() });
const JunitCase = Closed({ name: Type.String(), file: Type.String(), line: Type.Integer(), message: Type.String() });
export const Report = Closed({
  command: Type.String(),
  when: Closed({ file: Type.String(), has: Type.String() }),
  sarif: Type.Optional(Type.Array(SarifResult)),
  junit: Type.Optional(Type.Array(JunitCase)),
  text: Type.Optional(Type.String({ description: "printed, and the command ends with 1" })),
});
export type Report = Static<typeof Report>;

const Commit = Type.String({ pattern: "^[0-9a-f]{40}$" });
export const Scenario = Closed({
  id: Type.String({ pattern: "^[a-z0-9-]+$" }),
  kind: Choice(KINDS),
  task: DraftTask,
  source: Type.Union([Type.Literal("made"), Closed({ commit: Commit }), Closed({ repository: Type.String({ pattern: "^[\\w.-]+/[\\w.-]+$" }), commit: Commit })]),
  title: Type.Optional(Type.String()),
  before: Type.Optional(Files),
  after: Type.Optional(Files),
  report: Type.Optional(Report),
  checks: Type.Array(Check, { minItems: 1 }),
});
export type Scenario = Static<typeof Scenario>;

/** Whoever mends what answers may read the first two sets and not the third. */
export const SETS = ["development", "second", "held-out"] as const;
export type ScenarioSet = (typeof SETS)[number];
export const isSet = (text: string): text is ScenarioSet => SETS.some((set) => set === text);

const PLACES: Readonly<Record<ScenarioSet, { readonly folder: string; readonly frozen: string }>> = {
  development: { folder: join(import.meta.dir, "scenarios"), frozen: join(import.meta.dir, "FROZEN") },
  second: { folder: join(import.meta.dir, "scenarios-second"), frozen: join(import.meta.dir, "scenarios-second", "FROZEN") },
  "held-out": { folder: join(import.meta.dir, "scenarios-held-out"), frozen: join(import.meta.dir, "scenarios-held-out", "FROZEN") },
};

export const frozenDigest = (set: ScenarioSet): string => readFileSync(PLACES[set].frozen, "utf8").trim();

/** As they lie on disk, in the order of their ids. */
export function readScenarios(set: ScenarioSet): Scenario[] {
  const { folder } = PLACES[set];
  const read = readdirSync(folder).filter((name) => name.endsWith(".yaml")).flatMap((name) => Value.Decode(Type.Array(Scenario), Bun.YAML.parse(readFileSync(join(folder, name), "utf8"))));
  return read.sort((a, b) => (a.id < b.id ? -1 : 1));
}

export const scenariosDigest = (scenarios: readonly Scenario[]): string => createHash("sha256").update(canonicalText(scenarios)).digest("hex");

/** An Ed25519 key of nobody, as PKCS #8. */
function madeUpKey(seed: string): string {
  const head = Buffer.from("302e020100300506032b657004220420", "hex");
  return pemBlock("", Buffer.concat([head, createHash("sha256").update(seed).digest()]).toString("base64"));
}

/** Credentials are put in where a scenario is used: written out they would be findings in this repository. */
export function withCredentials(scenario: Scenario): Scenario {
  const token = checksummedToken("ghp", scenario.id);
  const key = madeUpKey(scenario.id);
  const filled = (value: unknown): unknown => {
    if (typeof value === "string") return value.replaceAll("{{token}}", token).replaceAll("{{key}}", key);
    if (Array.isArray(value)) return value.map(filled);
    return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, filled(one)])) : value;
  };
  return filled(scenario) as Scenario;
}
