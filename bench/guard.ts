/** What a guard costs: one event through the daemon's own door, against another CEL, the same rule as Rego in WASM, and an OPA server over a Unix socket. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Environment } from "@marcbachmann/cel-js";
import { loadPolicy } from "@open-policy-agent/opa-wasm";
import { Guards } from "../daemon/guarding/guards.ts";
import { shippedDocuments } from "../daemon/guarding/shipped.ts";
import { findOpa, OPA_VERSION } from "../policies/build.ts";
import { type Bench, median } from "./figure.ts";

const EVENTS = 100_000;
const SERVER_EVENTS = 2_000;
const ROUNDS = 7;
const READY_DEADLINE_MS = 10_000;
const RULE = "total_spend_usd <= budget_usd";
const REGO = "package guard\n\ndefault ok := false\n\nok if input.total_spend_usd <= input.budget_usd\n";

async function nanoseconds(calls: number, work: (i: number) => unknown): Promise<number> {
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    for (let i = 0; i < calls; i++) {
      const result = work(i);
      if (result instanceof Promise) await result;
    }
    rounds.push(((performance.now() - start) * 1e6) / calls);
  }
  return median(rounds);
}

const NO_OPA = `no opa ${OPA_VERSION} here; bun policies/build.ts installs it`;
const event = (i: number) => ({ total_spend_usd: (i & 1023) * 900, budget_usd: 1_000_000 });

async function opaWasm(opa: string, folder: string): Promise<number> {
  const built = Bun.spawnSync([opa, "build", "-t", "wasm", "-e", "guard/ok", "-o", join(folder, "bundle.tar.gz"), join(folder, "guard.rego")]);
  if (built.exitCode !== 0) throw new Error(built.stderr.toString());
  const wasm = await new Bun.Archive(await Bun.file(join(folder, "bundle.tar.gz")).bytes()).files();
  const module = [...wasm].find(([name]) => name.endsWith("policy.wasm"))?.[1];
  if (module === undefined) throw new Error("opa made no policy.wasm");
  const policy = await loadPolicy(await module.arrayBuffer());
  return nanoseconds(SERVER_EVENTS, (i) => policy.evaluate(event(i), "guard/ok"));
}

async function opaServer(opa: string, folder: string): Promise<number> {
  const unix = join(folder, "opa.sock");
  const child = Bun.spawn([opa, "run", "--server", "--log-level", "error", "--disable-telemetry", "--addr", `unix://${unix}`, join(folder, "guard.rego")], { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  const ask = async (i: number): Promise<unknown> => (await (await fetch("http://opa/v1/data/guard/ok", { unix, method: "POST", body: JSON.stringify({ input: event(i) }) })).json()) as unknown;
  try {
    for (const deadline = performance.now() + READY_DEADLINE_MS; ; await Bun.sleep(20)) {
      const answer = await ask(1).catch((error: unknown) => error);
      if (!(answer instanceof Error)) break;
      if (performance.now() > deadline) throw new Error("opa did not become ready", { cause: answer });
    }
    return await nanoseconds(SERVER_EVENTS / 4, ask);
  } finally {
    child.kill("SIGKILL");
    await child.exited;
  }
}

export const bench: Bench = async (figure) => {
  const guards = new Guards(shippedDocuments());
  const ours = await nanoseconds(EVENTS, (i) => guards.check("model_call", event(i)));
  const cel = new Environment().registerVariable("total_spend_usd", "int").registerVariable("budget_usd", "int").parse(RULE);
  const big = Array.from({ length: 1_024 }, (_, i) => ({ total_spend_usd: BigInt(i * 900), budget_usd: 1_000_000n }));
  const theirs = await nanoseconds(EVENTS, (i) => cel(big[i & 1023]));
  figure({ figure: "one event past its guard, one comparison", value: ours, unit: "ns", better: "less", peer: { name: "@marcbachmann/cel-js 8.0.0", value: theirs }, goal: { value: 150 }, note: "with finding the rule, counting and the event's own making" });
  const opa = await findOpa();
  if (opa === null) return figure({ figure: "the same against OPA", value: 0, unit: "ns", better: "less", note: NO_OPA });
  const folder = mkdtempSync(join(tmpdir(), "maestro-guard-"));
  try {
    writeFileSync(join(folder, "guard.rego"), REGO);
    figure({ figure: "the same rule as Rego in WASM, in process", value: ours, unit: "ns", better: "less", peer: { name: `opa-wasm, built by opa ${OPA_VERSION}`, value: await opaWasm(opa, folder) } });
    figure({ figure: "the same rule asked of a server", value: ours, unit: "ns", better: "less", peer: { name: `opa ${OPA_VERSION} run --server over a Unix socket`, value: await opaServer(opa, folder) } });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
