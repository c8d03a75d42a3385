/** What a model checker found: TLC's answer about one specification, its counterexample in the value encoding of ITF (Apalache's ADR-015). */
import { Type, type Static } from "@sinclair/typebox";
import type { Json } from "./json.ts";
import { limit, MiB, ModelRunLimits } from "./limits.ts";
import { Choice, Closed, Count, Sha256Hex } from "./scalar.ts";

/** One model: how its run is bounded, and how large it may be. */
export const ModelLimits = Closed({
  ...ModelRunLimits.properties,
  spec_bytes_max: limit(4 * MiB, "a specification with the modules it extends, and its configuration"),
  modules_max: limit(64, "modules beside one specification"),
});
export type ModelLimits = Static<typeof ModelLimits>;

/** Where an action stands in its module; lines and columns from 1. */
export const ModelAction = Closed({
  name: Type.String({ maxLength: 1_000 }),
  module: Type.Union([Type.String({ maxLength: 256 }), Type.Null()]),
  from: Type.Union([Closed({ line: Count, column: Count }), Type.Null()]),
  to: Type.Union([Closed({ line: Count, column: Count }), Type.Null()]),
});
export type ModelAction = Static<typeof ModelAction>;

/**
 * A value of TLA+: integer as a number, or `{"#bigint": "…"}` beyond 2^53; boolean; string; `{"#tup": […]}`; `{"#set": […]}`;
 * `{"#map": [[key, value], …]}`; a record as an object; `{"#unserializable": "…"}` for a model value and whatever has no other form.
 */
export const ModelValue = Type.Unsafe<Json>(Type.Unknown({ description: "a TLA+ value as ITF has it" }));

/** `action` is null for an initial state. */
export const ModelStep = Closed({ action: Type.Union([ModelAction, Type.Null()]), state: Type.Record(Type.String(), ModelValue) });
export type ModelStep = Static<typeof ModelStep>;

export const ModelTrace = Closed({
  steps: Type.Array(ModelStep),
  loop_at: Type.Union([Count, Type.Null()], { description: "index of the state to which the last step leads back; the behaviour goes on like that for ever" }),
  stuttering: Type.Boolean({ description: "after its last state nothing happens any more" }),
});
export type ModelTrace = Static<typeof ModelTrace>;

export const ModelCounts = Closed({
  generated: Count,
  distinct: Count,
  left: Type.Integer({ minimum: 0, description: "states that were found and never looked at; a complete search has none" }),
  depth: Type.Union([Count, Type.Null()]),
});
export type ModelCounts = Static<typeof ModelCounts>;

export const ModelViolation = Closed({
  kind: Choice(["assumption", "deadlock", "invariant", "action", "liveness", "assertion"]),
  /** What the configuration calls it; null where TLC does not say which. */
  name: Type.Union([Type.String({ maxLength: 1_000 }), Type.Null()]),
  exit: Type.Integer({ minimum: 10, maximum: 14, description: "TLC's own exit code" }),
});
export type ModelViolation = Static<typeof ModelViolation>;

/** `unavailable` is never a pass: whatever is not understood, cut off or incomplete ends there. */
export const ModelOutcome = Type.Union([
  Closed({ result: Type.Literal("pass"), counts: ModelCounts, collision: Type.Union([Type.String({ maxLength: 40 }), Type.Null()], { description: "TLC's estimate of how likely it took two states for one" }) }),
  Closed({ result: Type.Literal("fail"), violation: ModelViolation, trace: ModelTrace, counts: Type.Union([ModelCounts, Type.Null()]) }),
  Closed({ result: Type.Literal("unavailable"), because: Type.String({ maxLength: 2_000 }) }),
]);
export type ModelOutcome = Static<typeof ModelOutcome>;

/** What an answer was given by; two runs with the same digests and key are the same question. */
export const ModelTool = Closed({
  tlc: Type.String({ maxLength: 100, description: "version TLC says of itself" }),
  jar_sha256: Sha256Hex,
  java: Type.String({ maxLength: 200 }),
  java_sha256: Sha256Hex,
  sandbox: Type.String({ maxLength: 200 }),
});
export type ModelTool = Static<typeof ModelTool>;

export const ModelAnswer = Closed({
  key: Sha256Hex,
  spec_sha256: Sha256Hex,
  tool: ModelTool,
  outcome: ModelOutcome,
  cached: Type.Boolean(),
  us: Count,
});
export type ModelAnswer = Static<typeof ModelAnswer>;

/** A row of `maestro modelcheck`: a broken twin is as wanted where TLC refuses it with just this exit code. */
export const ModelRow = Closed({
  name: Type.String({ maxLength: 256 }),
  wanted: Type.Union([Type.Literal("pass"), Type.Integer({ minimum: 10, maximum: 14 })]),
  as_wanted: Type.Boolean(),
  outcome: ModelOutcome,
  cached: Type.Boolean(),
  us: Count,
});
export type ModelRow = Static<typeof ModelRow>;

/** `tool` is null where there is none: then no row has an answer. */
export const ModelReport = Closed({ tool: Type.Union([ModelTool, Type.Null()]), rows: Type.Array(ModelRow) });
export type ModelReport = Static<typeof ModelReport>;
