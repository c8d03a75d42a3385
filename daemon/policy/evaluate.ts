/**
 * Asks compiled policies for their answer. Runs inside a check process: a
 * policy is somebody's program, and only a process can be stopped.
 */
import { loadPolicy } from "@open-policy-agent/opa-wasm";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { PolicyAnswer, type PolicyResult } from "../../proto/decision.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { PolicyJob } from "../../proto/worker.ts";
import { BUNDLE_LIMITS, ENTRYPOINT, readBundle, type Bundle } from "./bundle.ts";

/** 256 MiB of WebAssembly memory in pages of 64 KiB; 50,000 findings take 136 MB. */
const MEMORY_PAGES_MAX = 4096;
const BECAUSE_CHARACTERS_MAX = 600;
const MODULES_MAX = 8;

const answers = TypeCompiler.Compile(PolicyAnswer);

function because(error: unknown): string {
  if (error instanceof MaestroError) return `${error.row.sentence} (${error.detail})`;
  if (error instanceof Error) return error.message;
  // opa-wasm throws bare strings and bare objects with a message.
  if (typeof error === "object" && error !== null && "message" in error) return String(error.message);
  return String(error);
}

function fail(bundle: Bundle, what: string): MaestroError<"policy.evaluate"> {
  return new MaestroError("policy.evaluate", `policy ${JSON.stringify(bundle.name)}: ${what}`);
}

function byText(a: unknown, b: unknown): number {
  const [x, y] = [JSON.stringify(a), JSON.stringify(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

// A lone surrogate passes JSON but not the canonical form the card is hashed in.
const wellFormed = <T extends { because: string }>(one: T): T => ({ ...one, because: one.because.toWellFormed() });

/** Strict shape, and one order, so that two engines' answers have one digest. */
function accept(bundle: Bundle, results: unknown): PolicyAnswer {
  if (!Array.isArray(results) || results.length === 0) {
    throw fail(bundle, `${ENTRYPOINT} is undefined for this change; give it a default, or an \`else\``);
  }
  const first: unknown = results[0];
  const answer = typeof first === "object" && first !== null && "result" in first ? first.result : undefined;
  if (results.length !== 1 || !answers.Check(answer)) {
    const wrong = [...answers.Errors(answer)][0];
    const where = results.length === 1 && wrong !== undefined ? ` at ${wrong.path || "/"}: ${wrong.message}` : "";
    throw fail(bundle, `${ENTRYPOINT} is not an answer of the form {actor, effects, reasons}${where}`);
  }
  return {
    actor: answer.actor,
    effects: answer.effects.map(wellFormed).sort((a, b) => a.finding - b.finding || byText(a, b)),
    reasons: answer.reasons.map(wellFormed).sort(byText),
  };
}

/** Compiled code is immutable, so sharing it leaks nothing; compiling takes longer than everything else. */
const compiled = new Map<string, WebAssembly.Module>();

async function moduleOf({ wasm, wasm_sha256 }: Bundle): Promise<WebAssembly.Module> {
  const known = compiled.get(wasm_sha256);
  if (known !== undefined) return known;
  const module = await WebAssembly.compile(new Uint8Array(wasm));
  if (compiled.size === MODULES_MAX) compiled.clear();
  compiled.set(wasm_sha256, module);
  return module;
}

async function attempt<T>(bundle: Bundle, work: () => Promise<T> | T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new MaestroError("policy.evaluate", `policy ${JSON.stringify(bundle.name)}: ${because(error)}`, { cause: error });
  }
}

/** A policy in an instance of its own, to be asked. Throws `policy.evaluate`, as does what it returns. */
export async function load(bundle: Bundle): Promise<(input: unknown) => Promise<PolicyAnswer>> {
  const policy = await attempt(bundle, async () => {
    const loaded = await loadPolicy(await moduleOf(bundle), { initial: 5, maximum: MEMORY_PAGES_MAX });
    loaded.setData(bundle.data);
    return loaded;
  });
  return async (input) => accept(bundle, await attempt<unknown>(bundle, () => policy.evaluate(input, ENTRYPOINT)));
}

async function open(path: string, place: number): Promise<Bundle> {
  const where = place === 0 ? "the policy bundle" : `policy bundle ${place + 1}`;
  const file = Bun.file(path);
  if (!(await file.exists())) throw new MaestroError("policy.load", `${where} is not there`);
  if (file.size > BUNDLE_LIMITS.packed_bytes_max) throw new MaestroError("policy.load", `${where}: ${file.size} bytes, limit ${BUNDLE_LIMITS.packed_bytes_max}`);
  return readBundle(await file.bytes(), where);
}

/**
 * Every bundle's answer, in the order of the job, or `unavailable` with the
 * reason of the first that gave none: half a policy is no policy.
 */
export async function evaluatePolicies(job: Pick<PolicyJob, "bundles" | "input">): Promise<PolicyResult> {
  try {
    const all: PolicyAnswer[] = [];
    for (const [place, path] of job.bundles.entries()) {
      // A fresh instance for every change: nothing of one reaches the next.
      const ask = await load(await open(path, place));
      all.push(await ask(job.input));
    }
    if (all.length === 0) return { result: "unavailable", because: "no policy bundle was named" };
    return { result: "decided", answers: all };
  } catch (error) {
    return { result: "unavailable", because: because(error).slice(0, BECAUSE_CHARACTERS_MAX).toWellFormed() };
  }
}
