/** What a trusted base declares of models and invariants, and what a check has run in the sandbox for its answer. */
import { Type, type Static } from "@sinclair/typebox";
import { EvaluationAsk, EvaluationRun } from "./learned.ts";
import { ModelOutcome, ModelTool } from "./model.ts";
import { Base64, Closed, Sha256Hex } from "./scalar.ts";

const SEGMENT = "\\.?[A-Za-z0-9_@+~-][A-Za-z0-9._@+~-]*";
const pathOf = (end: string, description: string) => Type.String({ pattern: `^(?:${SEGMENT}/)*${end}$`, maxLength: 500, description });

export const SpecEntry = Closed({
  spec: pathOf("[A-Za-z0-9_]{1,64}\\.tla", "path of a TLA+ module; modules beside it that it names come along"),
  cfg: Type.Optional(pathOf(`${SEGMENT}\\.cfg`, "path of its configuration; absent: NAME.cfg beside the module")),
  code: Type.Array(Type.String({ minLength: 1, maxLength: 500 }), { minItems: 1, maxItems: 64, description: "globs of the code that the model mirrors" }),
}, { description: "a model of some code" });
export type SpecEntry = Static<typeof SpecEntry>;
export const SpecEntries = Type.Array(SpecEntry, { maxItems: 32, description: "models that must hold; docs/formal-gate.md" });

export const InvariantsEntry = Closed({
  folder: pathOf(SEGMENT, "folder of the invariants' documents, with events.yaml and targets.yaml"),
  code: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 500 }), { minItems: 1, maxItems: 64, description: "globs of the code whose change has the targets driven; absent: any source file" })),
}, { description: "invariants that a change may not weaken; docs/formal-gate.md" });
export type InvariantsEntry = Static<typeof InvariantsEntry>;

const ModuleName = Type.String({ pattern: "^(?=.*[A-Za-z])[A-Za-z0-9_]{1,64}$" });

/** One model for TLC. `again`: the same once more, which no kept answer to the first serves. */
export const ModelAsk = Closed({ id: Sha256Hex, spec: ModuleName, cfg: Base64, modules: Type.Record(ModuleName, Base64, { additionalProperties: false, maxProperties: 64 }), again: Type.Boolean() });
export type ModelAsk = Static<typeof ModelAsk>;

/** One run of a generated test over the merged tree, or of its driver alone. */
export const PropertyAsk = Closed({
  id: Sha256Hex,
  work: Type.Union([Type.Literal("test"), Type.Literal("drive")]),
  test: Type.String({ maxLength: 1024 * 1024, description: "source of the generated test" }),
  env: Type.Record(Type.String({ pattern: "^PROPERTY_(?:SEED|PATH|RUNS)$" }), Type.String({ maxLength: 2_048 }), { additionalProperties: false }),
  stdin: Type.Union([Type.String({ maxLength: 4 * 1024 * 1024 }), Type.Null()]),
});
export type PropertyAsk = Static<typeof PropertyAsk>;
export const RunAsk = Type.Union([ModelAsk, PropertyAsk, EvaluationAsk]);
export type RunAsk = Static<typeof RunAsk>;
export const RunAsks = Type.Array(RunAsk, { maxItems: 32 });

/** `tool` is null where there is none. */
export const ModelRun = Closed({ id: Sha256Hex, outcome: ModelOutcome, spec_sha256: Type.Union([Sha256Hex, Type.Null()]), tool: Type.Union([ModelTool, Type.Null()]) });
export type ModelRun = Static<typeof ModelRun>;

/** How it ended and what it left, read by nobody on the way; `failed` where it was not run. */
export const PropertyRun = Closed({
  id: Sha256Hex,
  end: Type.Union([
    Closed({ kind: Type.Literal("exit"), code: Type.Integer() }),
    Closed({ kind: Type.Literal("signal"), signal: Type.String({ maxLength: 64 }) }),
    Closed({ kind: Type.Literal("limit"), limit: Type.String({ maxLength: 64 }) }),
    Closed({ kind: Type.Literal("failed"), because: Type.String({ maxLength: 2_000 }) }),
  ]),
  stdout: Base64,
  stderr: Base64,
  left: Type.Union([Base64, Type.Null()]),
});
export type PropertyRun = Static<typeof PropertyRun>;
export const RunAnswer = Type.Union([ModelRun, PropertyRun, EvaluationRun]);
export type RunAnswer = Static<typeof RunAnswer>;

/** A text that an answer rests on, kept in the evidence: by its name's ending it is said what it is (`proto/document.ts`). */
export const AttachedText = Closed({ name: Type.String({ pattern: "^[a-z][a-z0-9./_-]*\\.(?:json|txt)$", maxLength: 128 }), text: Type.String({ maxLength: 256 * 1024 }) });
export type AttachedText = Static<typeof AttachedText>;
export const ATTACHED_MAX = 16;
