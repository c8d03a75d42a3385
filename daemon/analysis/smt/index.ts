/** Questions to an SMT solver: text in, `sat`, `unsat` or "cannot tell" out. See docs/smt.md. */
import { join } from "node:path";
import type { CexValue } from "../../../proto/cex-value.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { AskOptions, Backend } from "./backend.ts";
import { findZ3, nativeBackend } from "./native.ts";
import { readScript } from "./script.ts";
import { readModel } from "./values.ts";
import { wasmBackend } from "./wasm.ts";

const REMEDY = "install your distribution's z3 (/usr/bin and /usr/local/bin are looked at), or run `npm run tools` in a clone";
const BECAUSE_CHARACTERS_MAX = 500;

export interface SmtAnswer {
  /** `unknown` and `unavailable` are never a pass: the first was asked and not answered, the second never asked. */
  readonly result: "sat" | "unsat" | "unknown" | "unavailable";
  readonly because: string | null;
  /** Of the terms the text asks for, in that order; `null` unless `sat` and asked for. */
  readonly model: readonly (readonly [term: string, value: CexValue])[] | null;
  /** The text that ran, for the evidence, and its digest. */
  readonly smt2: string;
  readonly smt2_sha256: string;
  readonly solver: Backend["solver"] | null;
  readonly version: string | null;
  readonly ms: number;
}

export interface Solver {
  /** Throws MaestroError `request.malformed` or `request.too_large` for text that may not be asked or that the solver refuses, and `request.cancelled`. */
  check(smt2: string, options: AskOptions): Promise<SmtAnswer>;
  close(): Promise<void>;
}

export interface SolverDeps {
  /** In the order they are tried. */
  readonly backends: readonly Backend[];
  readonly now_ms: () => number;
}

const TIMED_OUT = new Set(["unknown", "timeout", "canceled"]);

type Read = Pick<SmtAnswer, "result" | "because" | "model">;

/** The first line is the verdict. An error before it means that something was not asserted: then no answer is one. */
export function readAnswer(printed: string, wants_model: boolean): Read {
  const [first = "", ...rest] = printed.trimStart().split("\n");
  const verdict = first.trim();
  if (verdict.startsWith("(error") && /out of memory|memory/.test(verdict)) return { result: "unknown", because: "the solver ran out of memory", model: null };
  if (TIMED_OUT.has(verdict)) return { result: "unknown", because: "the solver gave up within its limits", model: null };
  if (verdict === "unsat") return { result: "unsat", because: null, model: null };
  if (verdict !== "sat") throw new MaestroError("request.malformed", `the solver refuses the text: ${verdict.slice(0, BECAUSE_CHARACTERS_MAX) || "it printed nothing"}`);
  return { result: "sat", because: null, model: wants_model ? readModel(rest.join("\n")) : null };
}

/** A solver's death is no answer. */
function lost(error: unknown): Read {
  if (!(error instanceof MaestroError)) throw error;
  if (error.code === "worker.deadline") return { result: "unknown", because: "the solver was killed at its deadline", model: null };
  if (error.code === "worker.memory") return { result: "unknown", because: "the solver was killed at its memory limit", model: null };
  if (error.code === "worker.crashed" || error.code === "worker.protocol") return { result: "unavailable", because: `the solver ended: ${error.detail}`.slice(0, BECAUSE_CHARACTERS_MAX), model: null };
  throw error;
}

async function versionOf(backend: Backend): Promise<string | null> {
  try {
    return await backend.version();
  } catch (error) {
    if (error instanceof MaestroError && error.code.startsWith("worker.")) return null;
    throw error;
  }
}

export function createSolver({ backends, now_ms }: SolverDeps): Solver {
  let chosen: Promise<{ readonly backend: Backend; readonly version: string } | null> | undefined;
  const choose = async () => {
    for (const backend of backends) {
      const version = await versionOf(backend);
      if (version !== null) return { backend, version };
    }
    return null;
  };
  return {
    check: async (text, options) => {
      const script = readScript(text);
      const { smt2, smt2_sha256 } = script;
      const found = await (chosen ??= choose());
      if (found === null) {
        // Asked again next time: somebody may follow the remedy.
        chosen = undefined;
        return { result: "unavailable", because: `no z3 here; ${REMEDY}`, model: null, smt2, smt2_sha256, solver: null, version: null, ms: 0 };
      }
      const started = now_ms();
      const read = await found.backend.ask(script, options).then((printed) => readAnswer(printed, script.values !== null), lost);
      return { ...read, smt2, smt2_sha256, solver: found.backend.solver, version: found.version, ms: Math.round(now_ms() - started) };
    },
    close: async () => {
      for (const backend of backends) await backend.close();
    },
  };
}

/** All questions together get so long: what comes after that is `unknown` without being asked, so that whoever asks still has time for the rest. */
export function withinTime(solver: Solver, total_ms: number): Solver {
  let left_ms = total_ms;
  return {
    check: async (text, options) => {
      if (left_ms <= 0) {
        const { smt2, smt2_sha256 } = readScript(text);
        return { result: "unknown", because: `not asked: the questions before it took ${total_ms / 1_000} s, which is all there is for those of one change`, model: null, smt2, smt2_sha256, solver: null, version: null, ms: 0 };
      }
      const answer = await solver.check(text, { ...options, deadline_ms: Math.min(options.deadline_ms, Math.ceil(left_ms)) });
      left_ms -= answer.ms;
      return answer;
    },
    close: () => solver.close(),
  };
}

/** The native z3 of the tool chain folder or the host where there is one, else the npm package in its worker. */
export function solverOf(root: string, now_ms: () => number): Solver {
  const native = findZ3([join(root, ".toolchain/bin/z3")]);
  return createSolver({ backends: [...(native === null ? [] : [nativeBackend(native)]), wasmBackend()], now_ms });
}
