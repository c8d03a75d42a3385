/** What a run inside leaves. It comes out of a process that the target shared, so it is believed only as far as it can be checked. */
import { Type, type Static } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { PROPERTY_RUNS_MAX, PROPERTY_STEPS_MAX, PropertyCounts } from "../../../proto/property.ts";
import { Choice, Closed } from "../../../proto/scalar.ts";
import { asItWas } from "./inside/exact.ts";

/** Shrinking goes as deep as it goes; a counterexample shows a path of 1,024. */
const PATH_CHARACTERS_MAX = 1024 * 1024;
const Args = Type.Record(Type.String(), Type.Unknown());

const Report = Closed({
  counts: PropertyCounts,
  failed: Type.Union([
    Closed({
      kind: Choice(["rule", "target", "test"]),
      clause: Type.String(),
      said: Type.String(),
      seed: Type.Integer(),
      path: Type.String({ maxLength: PATH_CHARACTERS_MAX, pattern: "^(?:[0-9]+(?::[0-9]+)*)?$" }),
      trace: Type.Array(Closed({ action: Type.String(), args: Args, state: Args }), { maxItems: PROPERTY_STEPS_MAX + 2 }),
    }),
    Type.Null(),
  ]),
});
export type Report = Static<typeof Report>;

const Line = Closed({ states: Type.Array(Args, { maxItems: PROPERTY_STEPS_MAX + 2 }), failed: Type.Union([Type.String(), Type.Null()]) });
export type Line = Static<typeof Line>;

const isReport = TypeCompiler.Compile(Report);
const isLine = TypeCompiler.Compile(Line);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text, asItWas);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
}

/** `null` for what no generated test wrote. */
export function readReport(text: string): Report | null {
  const value = parsed(text);
  return isReport.Check(value) && value.counts.cases <= 64 * PROPERTY_RUNS_MAX ? value : null;
}

/** `null` unless there is a whole line for each case. */
export function readLines(text: string, cases: number): readonly Line[] | null {
  const lines = text.split("\n").filter((line) => line !== "").map(parsed);
  return lines.length === cases && lines.every((line): line is Line => isLine.Check(line)) ? lines : null;
}
