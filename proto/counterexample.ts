/**
 * `maestro.cex/v1`: one counterexample, whichever engine found it. It says what breaks the invariant, as inputs or as a
 * trace of states, and by which command somebody sees it break for themselves.
 */
import { Type, type Static } from "@sinclair/typebox";
import { canonicalBytes, parseCanonical, type ParseLimits } from "./canonical.ts";
import { CexName, CexValue, normalValue } from "./cex-value.ts";
import { equalBytes } from "./encoding.ts";
import { MaestroError } from "./errors.ts";
import { Range } from "./outcome.ts";
import { Choice, Closed, Count, Sha256Hex, ShortText } from "./scalar.ts";

/** A new engine is one more word here and its `Replayer`. */
export const CEX_ENGINES = ["fast-check", "guard", "smt", "tlc"] as const;
export type CexEngine = (typeof CEX_ENGINES)[number];
const STEPS_MAX = 256;
const FIELDS_MAX = 256;
/** One counterexample travels with its finding, and those of a gate share `FINDINGS_BYTES_MAX`. */
export const CEX_LIMITS: ParseLimits = { bytes_max: 128 * 1024, depth_max: 32, values_max: 20_000 };

const Fields = Type.Record(CexName, CexValue, { additionalProperties: false, maxProperties: FIELDS_MAX });
export type CexFields = Static<typeof Fields>;

export const CexStep = Closed({
  action: ShortText,
  location: Type.Union([Range, Type.Null()], { description: "where that action stands in code or specification, where it is known" }),
  state: { ...Fields, description: "every variable after the action" },
});
export type CexStep = Static<typeof CexStep>;

export const Counterexample = Closed({
  type: Type.Literal("maestro.cex/v1"),
  invariant: Type.String({ minLength: 1, maxLength: 128, pattern: "^[^\\u0000-\\u0020\\u007f]+$" }),
  engine: Choice(CEX_ENGINES),
  message: ShortText,
  inputs: Type.Union([Fields, Type.Null()], { description: "what a function or one event was given; null where it takes a trace" }),
  trace: Type.Union([Type.Array(CexStep, { minItems: 1, maxItems: STEPS_MAX }), Type.Null()], { description: "states in order, the first one initial; null where inputs suffice" }),
  loop_at: Type.Union([Count, Type.Null()], { description: "the last step goes back to this place in the trace" }),
  stutter: Type.Boolean({ description: "nothing happens for ever after the last step" }),
  seed: Type.Union([Type.Integer({ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }), Type.Null()]),
  path: Type.Union([Type.String({ maxLength: 1024, pattern: "^[0-9]+(?::[0-9]+)*$" }), Type.Null()], { description: "fast-check's way to the shrunk value" }),
  smt2_sha256: Type.Union([Sha256Hex, Type.Null()], { description: "digest of the SMT-LIB2 text that was asked" }),
  spec_sha256: Type.Union([Sha256Hex, Type.Null()], { description: "digest of the specification and its configuration" }),
  replay: Closed({
    command: Type.Array(ShortText, { minItems: 1, maxItems: 32, description: "argv that shows it" }),
    verdict: Choice(["reproduced", "not-reproduced"]),
  }),
});
export type Counterexample = Static<typeof Counterexample>;
/** What an engine hands over before anybody tried whether it is so. */
export type Candidate = Omit<Counterexample, "replay"> & { readonly replay: Pick<Counterexample["replay"], "command"> };

/** Why it is none although each field is what it should be, or `null`. */
export function cexFault({ inputs, trace, loop_at, stutter }: Pick<Counterexample, "inputs" | "trace" | "loop_at" | "stutter">): string | null {
  if ((inputs === null) === (trace === null)) return "exactly one of inputs and trace says what breaks the invariant";
  if (trace === null && (loop_at !== null || stutter)) return "only a trace goes back or stands still";
  if (loop_at !== null && stutter) return "a trace that goes back does not stand still";
  if (loop_at !== null && loop_at >= (trace?.length ?? 0)) return `loop_at ${loop_at} is no place in the trace`;
  const names = (step: CexStep): string => Object.keys(step.state).sort().join("\n");
  const [first] = trace ?? [];
  return first !== undefined && trace?.some((step) => names(step) !== names(first)) === true ? "the states of a trace have the same variables" : null;
}

const normalFields = (fields: CexFields): CexFields => Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, normalValue(value)]));

/** The one spelling of a counterexample: equal ones have equal bytes. */
export function normalCounterexample(cex: Counterexample): Counterexample {
  const { inputs, trace } = cex;
  return { ...cex, inputs: inputs === null ? null : normalFields(inputs), trace: trace === null ? null : trace.map((step) => ({ ...step, state: normalFields(step.state) })) };
}

/** Canonical bytes; throws `request.malformed` for what `cexFault` names, `request.too_large` over the limit. */
export function counterexampleBytes(cex: Counterexample): Uint8Array {
  const fault = cexFault(cex);
  if (fault !== null) throw new MaestroError("request.malformed", `counterexample: ${fault}`);
  const bytes = canonicalBytes(normalCounterexample(cex));
  if (bytes.length > CEX_LIMITS.bytes_max) throw new MaestroError("request.too_large", `counterexample of ${bytes.length} bytes, limit ${CEX_LIMITS.bytes_max}`);
  return bytes;
}

/** Reads canonical bytes back. `check` is the compiled schema, which the caller keeps. Throws `request.malformed` or `request.too_large`. */
export function readCounterexample(bytes: Uint8Array, check: (value: unknown) => value is Counterexample): Counterexample {
  const value: unknown = parseCanonical(bytes, CEX_LIMITS);
  if (!check(value)) throw new MaestroError("request.malformed", "not a counterexample of maestro.cex/v1");
  // One spelling: a set in another order would be another document with another digest.
  if (!equalBytes(counterexampleBytes(value), bytes)) throw new MaestroError("request.malformed", "counterexample: a value is not in its normal form");
  return value;
}
