/** Models of tests, run by the real TLC in the real sandbox; where either is missing the tests say so. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { ModelLimits, type ModelAnswer } from "../../../../proto/model.ts";
import type { ModelCache } from "../cache.ts";
import { ownSandbox } from "../own-sandbox.ts";
import type { ModelRequest } from "../request.ts";
import { runModel } from "../run.ts";
import { findToolchain, type Toolchain } from "../toolchain.ts";

const NEVER: AbortSignal = new AbortController().signal;

/** One module and its configuration; `beside` are further modules by name. */
export function model(spec: string, body: string, cfg: string, beside: Readonly<Record<string, string>> = {}): ModelRequest {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const modules = Object.entries({ ...beside, [spec]: `---- MODULE ${spec} ----\n${body}\n====\n` });
  return { spec, cfg: bytes(cfg), modules: new Map(modules.map(([name, text]) => [name, bytes(text)])) };
}

export interface Rig extends AsyncDisposable {
  run(request: ModelRequest, limits?: Partial<ModelLimits>, signal?: AbortSignal): Promise<ModelAnswer>;
  readonly cache: Map<string, ModelAnswer["outcome"]>;
}

export interface Here {
  readonly toolchain: Toolchain | null;
  readonly because: string;
}

/** Whether models can be checked on this machine. */
export async function modelsHere(): Promise<Here> {
  const toolchain = findToolchain();
  if ("because" in toolchain) return { toolchain: null, because: toolchain.because };
  const sandbox = ownSandbox();
  const tier = await sandbox.tier("bwrap");
  await sandbox.close();
  return tier.usable ? { toolchain, because: "" } : { toolchain: null, because: tier.because };
}

export function modelRig(toolchain: Toolchain): Rig {
  const sandbox = ownSandbox();
  const work_dir = mkdtempSync(join(tmpdir(), "model-rig-"));
  const kept = new Map<string, ModelAnswer["outcome"]>();
  const cache: ModelCache = { get: (key) => kept.get(key) ?? null, put: (key, outcome) => void kept.set(key, outcome) };
  return {
    cache: kept,
    run: (request, limits = {}, signal = NEVER) => runModel(request, { sandbox, toolchain, work_dir, limits: { ...Value.Create(ModelLimits), ...limits }, cache, monotonic_ms: () => performance.now() }, signal),
    async [Symbol.asyncDispose]() {
      await sandbox.close();
      rmSync(work_dir, { recursive: true, force: true });
    },
  };
}
