/** What a schema cannot say of commands and obligations: which keys belong together, and whether a bound fits its scale. Pure. */
import type { Command } from "../../proto/command.ts";
import type { RepositoryConfig } from "../../proto/config.ts";
import { compareRational, exactlyAt, parseDecimal } from "../../proto/decimal.ts";
import { METRICS, type ObligationRule } from "../../proto/report.ts";
import { RANGE_BITS_DEFAULT } from "../../proto/range.ts";
import type { Problem } from "./problem.ts";

type Fault = readonly [key: string, because: string] | null;

/** Paths of a change are relative and plain, so such a glob matches none of them, and the command would quietly never run. */
const NEVER_MATCHES = /^!?(?:\.{1,2})?\/|^\.{1,2}$|\/$|\/\.{0,2}\//;

function runFault({ run: [program = ""], inputs = [] }: Pick<Command, "run" | "inputs">): Fault {
  if (program === "") return ["run", "the program has no name"];
  const lost = inputs.find((glob) => NEVER_MATCHES.test(glob));
  return lost === undefined ? null : ["inputs", `${JSON.stringify(lost)} matches no path; begin with a name, as in src/**, and end without /`];
}

function commandFault({ output, ...run }: Command): Fault {
  const fault = runFault(run);
  if (fault !== null) return fault;
  if (output === undefined) return null;
  const files = Number(output.sarif !== undefined) + Number(output.junit !== undefined);
  return files === 1 ? null : ["output", "exactly one of sarif, junit is expected; without `output` the exit code counts"];
}

function sourceFault({ from }: ObligationRule): Fault {
  const produced = from.command !== undefined && from.file !== undefined && from.report === undefined;
  const handed = from.command === undefined && from.file === undefined && from.report !== undefined;
  return produced || handed ? null : ["from", "either `command` and `file`, or `report` is expected"];
}

function askedFault({ format, metric, pointer, kind = "numeric" }: ObligationRule): Fault {
  if (format === "json") {
    if (metric !== undefined) return ["metric", "format json is read by `pointer`"];
    return pointer === undefined ? ["format", "format json needs a `pointer`"] : null;
  }
  const known: readonly string[] = METRICS[format];
  if (pointer !== undefined) return ["pointer", `only format json is read by pointer; ${format} has ${known.join(", ")}`];
  if (kind === "boolean") return ["kind", `${format} holds numbers`];
  return metric !== undefined && known.includes(metric) ? null : ["metric", `one of ${known.join(", ")} is expected for ${format}`];
}

function boundFault({ kind = "numeric", scale = 0, min, max, unit }: ObligationRule): Fault {
  if (kind === "boolean") return min === undefined && max === undefined && unit === undefined ? null : ["kind", "a boolean obligation has neither bounds nor a unit: it must be true"];
  if (min === undefined && max === undefined) return ["kind", "a numeric obligation needs `min`, `max` or both"];
  for (const [key, bound] of [["min", min], ["max", max]] as const) {
    if (bound !== undefined && exactlyAt(bound, scale) === null) return [key, `a decimal with at most ${scale} digits after its point is expected; \`scale\` allows more`];
  }
  const [low, high] = [min, max].map((bound) => (bound === undefined ? null : parseDecimal(bound)));
  return low != null && high != null && compareRational(low, high) > 0 ? ["min", "it is above `max`, so nothing could meet both"] : null;
}

/** A number that passes must be one that can be shown to pass. */
function hiddenFault({ kind = "numeric", scale = 0, min, max, hide = false, hide_bits }: ObligationRule): Fault {
  if (!hide) return hide_bits === undefined ? null : ["hide_bits", "it is of use with `hide: true` alone"];
  if (kind === "boolean") return ["hide", "a boolean has nothing to hide: its result is public"];
  const [low, high] = [min, max].map((text) => (text === undefined ? null : exactlyAt(text, scale)));
  const bits = hide_bits ?? RANGE_BITS_DEFAULT;
  if (low == null || high == null || BigInt(high) - BigInt(low) < 2n ** BigInt(bits)) return null;
  return ["hide_bits", `${bits} bits do not reach from min to max in units of 10^-${scale}; give more bits or a smaller scale`];
}

/** The first thing that makes no sense, with its place in the file. */
export function toolProblem({ commands = {}, obligations = {}, builds = {} }: Pick<RepositoryConfig, "commands" | "obligations" | "builds">): Problem | null {
  for (const [name, build] of Object.entries(builds)) {
    const fault = runFault(build);
    if (fault !== null) return { path: ["builds", name, fault[0]], because: fault[1] };
  }
  for (const [name, command] of Object.entries(commands)) {
    const fault = commandFault(command);
    if (fault !== null) return { path: ["commands", name, fault[0]], because: fault[1] };
  }
  for (const [name, rule] of Object.entries(obligations)) {
    const fault = sourceFault(rule) ?? askedFault(rule) ?? boundFault(rule) ?? hiddenFault(rule);
    if (fault !== null) return { path: ["obligations", name, fault[0]], because: fault[1] };
  }
  return null;
}
