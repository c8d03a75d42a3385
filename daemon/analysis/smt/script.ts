/**
 * What may be asked of a solver. The text comes from invariants that a change may bring, and z3 reads and writes files
 * on request (`include`, `:regular-output-channel`), so only commands that declare, assert and ask get through, and what
 * runs is our own spelling of what was read, never the text itself.
 */
import { createHash } from "node:crypto";
import { MaestroError } from "../../../proto/errors.ts";
import { readSexprs, type Sexpr, writeSexpr } from "./sexpr.ts";

export const SCRIPT_LIMITS = { bytes_max: 1024 * 1024, depth_max: 256, items_max: 200_000 } as const;
const INDEX_MAX = 65_536;
const PUSH_MAX = 100;

const LOGICS = new Set(["ALL", "QF_BV", "QF_FP", "QF_BVFP", "QF_ABV", "QF_AUFBV", "QF_UF", "QF_LIA", "QF_NIA", "QF_LRA", "QF_NRA", "QF_LIRA", "QF_NIRA", "QF_S", "QF_SLIA", "QF_UFLIA", "QF_UFNIA", "QF_AUFLIA", "QF_DT", "UF", "LIA", "NIA", "LRA", "NRA", "UFLIA", "AUFLIA"]);
const DECLARING = new Set(["declare-const", "declare-fun", "declare-sort", "declare-datatype", "declare-datatypes", "define-const", "define-fun", "define-sort", "assert"]);

export interface Script {
  /** Everything up to and with the question, in our spelling. */
  readonly question: string;
  /** What is asked of the model, or `null`. */
  readonly values: string | null;
  /** The whole, as it is kept in evidence. */
  readonly smt2: string;
  readonly smt2_sha256: string;
}

const denied = (why: string): MaestroError => new MaestroError("request.malformed", `SMT-LIB: ${why}`);

/** Numbers in `(_ name n ...)` size things: a bit-vector of a billion bits is one short line. */
function checkIndices(expression: Sexpr): void {
  if (typeof expression === "string") return;
  const [head, , ...indices] = expression;
  if (head === "_" && indices.some((index) => typeof index === "string" && /^[0-9]/.test(index) && (index.length > 6 || Number(index) > INDEX_MAX))) throw denied(`an index above ${INDEX_MAX}`);
  for (const inner of expression) checkIndices(inner);
}

function checkCommand(command: Sexpr): string {
  if (typeof command === "string") throw denied("a word where a command is expected");
  const [name, first, second] = command;
  if (typeof name !== "string") throw denied("a command without a name");
  if (DECLARING.has(name)) return name;
  if (name === "check-sat" && command.length === 1) return name;
  if (name === "get-value" && command.length === 2 && Array.isArray(first) && first.length > 0) return name;
  if ((name === "push" || name === "pop") && (command.length === 1 || (command.length === 2 && typeof first === "string" && /^[0-9]{1,3}$/.test(first) && Number(first) <= PUSH_MAX))) return name;
  if (name === "set-logic" && command.length === 2 && typeof first === "string" && LOGICS.has(first)) return name;
  if (name === "set-option" && command.length === 3 && first === ":produce-models" && second === "true") return name;
  if (name === "set-option" && command.length === 3 && first === ":random-seed" && typeof second === "string" && /^[0-9]{1,9}$/.test(second)) return name;
  throw denied(`${name.slice(0, 64)}${typeof first === "string" && first.startsWith(":") ? ` ${first.slice(0, 64)}` : ""} is not among what may be asked`);
}

/**
 * Reads untrusted SMT-LIB2 text: declarations and assertions, then one `(check-sat)`, then at most one `(get-value ...)`.
 * Throws `request.malformed` for anything else, `request.too_large` past `SCRIPT_LIMITS`.
 */
export function readScript(text: string): Script {
  const commands = readSexprs(text, SCRIPT_LIMITS);
  const names = commands.map(checkCommand);
  commands.forEach(checkIndices);
  const at = names.indexOf("check-sat");
  if (at < 0 || names.lastIndexOf("check-sat") !== at) throw denied("exactly one (check-sat) is the question");
  const after = names.slice(at + 1);
  if (after.length > 1 || after.some((name) => name !== "get-value")) throw denied("after (check-sat) comes one (get-value ...) or nothing");
  if (names.slice(0, at).includes("get-value")) throw denied("(get-value ...) before (check-sat)");
  const lines = commands.map((command) => `${writeSexpr(command)}\n`);
  const smt2 = lines.join("");
  return { question: lines.slice(0, at + 1).join(""), values: lines[at + 1] ?? null, smt2, smt2_sha256: createHash("sha256").update(smt2).digest("hex") };
}
