/**
 * One policy decision in process against `opa run --server` over a Unix
 * socket: the same Rego and data, the same input, answers compared first.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readBundle } from "../daemon/policy/bundle.ts";
import { load } from "../daemon/policy/evaluate.ts";
import { findOpa, OPA_VERSION } from "../policies/build.ts";
import { type Bench, percentiles } from "./figure.ts";

const SOURCE = join(import.meta.dir, "../policies/default");
const RUNS = 2_000;
const COLD_RUNS = 40;
const READY_DEADLINE_MS = 10_000;

const TAGS = ["test-path", "fixture-path", "at-base"] as const;
const RULES = ["ci.changed", "secret.token", "test.focused", "guard.self-edit", "size.unreviewable"] as const;

/** A change of an agent with ten findings, as large as the gate of an ordinary pull request. */
const INPUT = {
  v: 1,
  mode: "local",
  actor: { class: "agent", authenticated: false, name: "Ada", agent: "Claude" },
  change: { repository: "demo", target_ref: "refs/heads/main", title: "add a thing", files: 12, added_lines: 300, removed_lines: 40, history: "known", conflicts: 0, empty: false },
  findings: Array.from({ length: 10 }, (_, index) => ({
    index,
    rule: RULES[index % RULES.length],
    check: "any",
    path: `src/file-${index}.ts`,
    tags: [TAGS[index % TAGS.length]],
    baseline: "not_compared",
    severity: "warning",
  })),
  outcomes: [],
};

/** Microseconds, after a warm-up. */
async function microseconds(runs: number, work: () => Promise<unknown>): Promise<{ readonly p50: number; readonly p99: number }> {
  await percentiles(Math.min(runs, 100), work);
  const { p50, p99 } = await percentiles(runs, work);
  return { p50: p50 * 1000, p99: p99 * 1000 };
}

interface Peer {
  ask(): Promise<unknown>;
  stop(): Promise<void>;
}

/** `opa` as a server on a Unix socket, ready to answer. */
async function startPeer(opa: string): Promise<Peer> {
  const folder = mkdtempSync(join(tmpdir(), "maestro-opa-"));
  const unix = join(folder, "opa.sock");
  const files = [join(SOURCE, "maestro/gate.rego"), join(SOURCE, "data.json")];
  const child = Bun.spawn([opa, "run", "--server", "--log-level", "error", "--disable-telemetry", "--addr", `unix://${unix}`, ...files], { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  const body = JSON.stringify({ input: INPUT });
  const ask = async (): Promise<unknown> => {
    const reply = await fetch("http://opa/v1/data/maestro/gate/answer", { unix, method: "POST", body, headers: { "content-type": "application/json" } });
    return ((await reply.json()) as { result: unknown }).result;
  };
  const stop = async () => {
    child.kill("SIGKILL");
    await child.exited;
    rmSync(folder, { recursive: true, force: true });
  };
  const deadline = performance.now() + READY_DEADLINE_MS;
  for (;;) {
    try {
      await ask();
      return { ask, stop };
    } catch (error) {
      if (performance.now() > deadline) {
        await stop();
        throw new Error("opa did not become ready", { cause: error });
      }
      await Bun.sleep(20);
    }
  }
}

export const bench: Bench = async (figure) => {
  const bundle = readBundle(await Bun.file(join(SOURCE, "bundle.tar.gz")).bytes(), "default");
  const ask = await load(bundle);
  const opa = await findOpa();
  const peer = opa === null ? null : await startPeer(opa);
  try {
    if (peer !== null && !Bun.deepEquals(await ask(INPUT), await peer.ask())) throw new Error("opa and the compiled bundle answer differently");
    const warm = await microseconds(RUNS, () => ask(INPUT));
    const fresh = await microseconds(COLD_RUNS, async () => (await load(bundle))(INPUT));
    const server = peer === null ? null : await microseconds(RUNS, () => peer.ask());
    const name = `opa ${OPA_VERSION} run --server over a Unix socket`;
    const absent = server === null ? { note: `no opa ${OPA_VERSION} here; bun policies/build.ts installs it` } : {};
    const against = (value: number | undefined) => (value === undefined ? {} : { peer: { name, value } });
    figure({ figure: "decision on ten findings, loaded policy, p50", value: warm.p50, unit: "us", better: "less", ...against(server?.p50), goal: { ratio: 1 }, ...absent });
    figure({ figure: "decision on ten findings, loaded policy, p99", value: warm.p99, unit: "us", better: "less", ...against(server?.p99), ...absent });
    figure({
      figure: "decision on ten findings, instance of its own, p50",
      value: fresh.p50,
      unit: "us",
      better: "less",
      ...against(server?.p50),
      note: "what a gate pays: a new instance per change, so that nothing of one change reaches the next; the server keeps one for all",
    });
  } finally {
    await peer?.stop();
  }
};
