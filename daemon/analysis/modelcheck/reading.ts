/**
 * What a run of TLC says. Its exit code is asked first, its words second, and both must tell the same story: a pass needs exit 0, whole
 * messages, the one of success, the one of the end, at least one state and none left over. Everything else is no answer.
 */
import type { ModelCounts, ModelOutcome, ModelViolation } from "../../../proto/model.ts";
import { framed, type Message } from "./frames.ts";
import { stateOf, traceOf } from "./trace.ts";

/** Codes of tlc2.output.EC. */
const SUCCESS = 2193;
const FINISHED = 2186;
const STATS = 2199;
const DEPTH = 2194;
const ERROR_SEVERITY = 1;

interface Failure {
  readonly exit: number;
  readonly code: number;
  readonly kind: ModelViolation["kind"];
  /** Where its words name what is violated. */
  readonly names?: RegExp;
}

/** EC.ExitStatus, and the messages that come with each. */
const FAILURES: readonly Failure[] = [
  { exit: 10, code: 2104, kind: "assumption", names: /^Assumption (.+) is false\./ },
  { exit: 11, code: 2114, kind: "deadlock" },
  { exit: 12, code: 2110, kind: "invariant", names: /^Invariant (.+) is violated\./ },
  { exit: 12, code: 2107, kind: "invariant", names: /^Invariant (.+) is violated by the initial state:/ },
  { exit: 13, code: 2112, kind: "action", names: /^Action property (.+) is violated\./ },
  { exit: 13, code: 2108, kind: "action", names: /^Property (.+) is violated by the initial state:/ },
  { exit: 13, code: 2116, kind: "liveness" },
  { exit: 14, code: 2132, kind: "assertion" },
];

/** What the other exit codes of EC.ExitStatus mean, for the reason. */
const OTHER_EXITS: Readonly<Record<number, string>> = {
  3: "the heap was too small (limits: heap_mib)",
  75: "the specification could not be evaluated",
  76: "a safety property could not be evaluated",
  77: "a liveness property could not be evaluated",
  150: "the specification does not parse, or a module is missing",
  151: "the configuration does not fit the specification",
  // 128 + SIGXCPU and 128 + SIGXFSZ are the same numbers.
  152: "the state space is too large for TLC, or one process passed cpu_s",
  153: "TLC met an error of the system, or a file passed scratch_bytes_max",
  255: "TLC met an error",
};

const REASON_CHARACTERS_MAX = 600;

export type RunEnd = { readonly kind: "exit"; readonly code: number } | { readonly kind: "ended"; readonly because: string };

const unavailable = (because: string): ModelOutcome => ({ result: "unavailable", because: because.slice(0, 2_000) });

const digits = (text: string | undefined): number => Number((text ?? "NaN").replaceAll(",", ""));

function countsOf(messages: readonly Message[]): ModelCounts | null {
  const said = messages.findLast(({ code }) => code === STATS)?.text ?? "";
  const found = /^([\d,]+) states generated, ([\d,]+) distinct states found, ([\d,]+) states left on queue\.$/m.exec(said);
  if (found === null) return null;
  const depth = digits(/ is (\d+)\.$/m.exec(messages.findLast(({ code }) => code === DEPTH)?.text ?? "")?.[1]);
  const [generated, distinct, left] = [digits(found[1]), digits(found[2]), digits(found[3])];
  const told = [generated, distinct, left].every(Number.isSafeInteger);
  return told ? { generated, distinct, left, depth: Number.isSafeInteger(depth) ? depth : null } : null;
}

/** The first error's own words, on one line. */
function firstError(messages: readonly Message[]): string {
  const said = messages.filter(({ severity, text }) => severity === ERROR_SEVERITY && text.trim() !== "").map(({ text }) => text.replace(/\s+/g, " ").trim());
  return said.length === 0 ? "" : `: ${said.join("; ").slice(0, REASON_CHARACTERS_MAX)}`;
}

function passed(messages: readonly Message[]): ModelOutcome {
  const counts = countsOf(messages);
  const successes = messages.filter(({ code }) => code === SUCCESS);
  if (messages.some(({ severity }) => severity === ERROR_SEVERITY)) return unavailable(`TLC ended with 0 and an error${firstError(messages)}`);
  if (successes.length !== 1) return unavailable("TLC ended with 0 and did not say that it found no error");
  if (counts === null) return unavailable("TLC ended with 0 and did not say how many states it looked at");
  if (counts.distinct === 0) return unavailable("nothing was checked: the configuration names no behaviour, so there is no state");
  // `TLCSet("exit", TRUE)` makes TLC stop here with exit 0 and the message of success.
  if (counts.left > 0) return unavailable(`TLC stopped with ${counts.left} states it had not looked at; a specification that ends its own check has not passed it`);
  return { result: "pass", counts, collision: /calculated \(optimistic\): +val = (\S{1,40})/.exec(successes[0]?.text ?? "")?.[1] ?? null };
}

function failed(exit: number, messages: readonly Message[]): ModelOutcome {
  const known = FAILURES.filter((failure) => failure.exit === exit);
  const message = messages.find(({ code }) => known.some((failure) => failure.code === code));
  const failure = known.find(({ code }) => code === message?.code);
  if (message === undefined || failure === undefined) return unavailable(`TLC ended with ${exit} and did not say what is violated${firstError(messages)}`);
  const trace = traceOf(messages);
  const initial = / by the initial state:\n/.exec(message.text);
  if (initial !== null) trace.steps.push({ action: null, state: stateOf(message.text.slice(initial.index + initial[0].length).split("\n")) });
  const name = failure.names?.exec(message.text)?.[1]?.slice(0, 1_000) ?? null;
  return { result: "fail", violation: { kind: failure.kind, name, exit }, trace, counts: countsOf(messages) };
}

/** `output` is everything TLC printed. */
export function readRun(end: RunEnd, output: string): ModelOutcome {
  if (end.kind === "ended") return unavailable(end.because);
  const { messages, whole } = framed(output);
  const { code } = end;
  const answer = code === 0 || FAILURES.some(({ exit }) => exit === code);
  if (!answer) return unavailable(`TLC ended with ${code}: ${OTHER_EXITS[code] ?? "no exit code of TLC"}${firstError(messages)}`);
  if (!whole || messages.filter((message) => message.code === FINISHED).length !== 1 || messages.at(-1)?.code !== FINISHED) return unavailable(`TLC ended with ${code} and its output is not whole`);
  return code === 0 ? passed(messages) : failed(code, messages);
}
