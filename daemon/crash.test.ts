/** `maestrod` killed with SIGKILL at every step of a gate: what was acknowledged stays, what was not is absent or whole. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync, watch } from "node:fs";
import { join } from "node:path";
import type { GateResult } from "../proto/api.ts";
import { canonicalText } from "../proto/canonical.ts";
import { fromBase64 } from "../proto/encoding.ts";
import { MaestroError } from "../proto/errors.ts";
import { planChange, type ChangePlan } from "./client/pack.ts";
import type { MaestroClient } from "./client/maestro.ts";
import { alive, until, workersOf, World } from "./e2e/testing/world.ts";
import type { Source } from "./platform/git/testing/scratch.ts";
import { SeededRandom } from "./testing/random.ts";
import { times } from "./testing/scale.ts";
import { verifyBundle } from "./verifier/index.ts";

setDefaultTimeout(times(240_000));

/** Where the daemon dies: as soon as this was seen, and then some milliseconds later. A folder is seen when something in it changes after policy answered. */
interface Moment {
  readonly at: "start" | "upload" | "intake" | "queued" | "facts" | "text" | "size" | "policy" | "result" | Folder;
  readonly later_ms: number;
}

/** In the order a verdict becomes durable: log and gate row in one transaction, blobs, their name, the log's files. */
const FOLDERS = ["db", "oci/blobs/sha256", "oci", "log"] as const;
type Folder = (typeof FOLDERS)[number];

const random = new SeededRandom("crash");
const upTo = (limit: number): number => new DataView(random.bytes(4).buffer).getUint32(0) % limit;
const MOMENTS: readonly Moment[] = [
  ...(["start", "upload", "intake", "queued", "facts", "text", "size", "policy", "result"] as const).map((at) => ({ at, later_ms: 0 })),
  ...FOLDERS.map((at) => ({ at, later_ms: 0 })),
  // Somewhere in what follows; `npm run nightly -- scaled` tries many more.
  ...Array.from({ length: times(1) }, () => [{ at: "db" as const, later_ms: 1 + upTo(8) }, { at: "policy" as const, later_ms: 10 + upTo(100) }]).flat(),
];

let world: World;
let source: Source;
beforeAll(async () => {
  world = new World();
  source = await world.repository();
});
afterAll(() => world.dispose());

/** A commit of its own for each gate, so that no answer can come from another one's record. */
async function nextChange(round: number): Promise<string> {
  source.git("switch", "-q", "--detach", "main");
  return source.commit({ [`src/b${round}.ts`]: `export const b = ${round};\n` }, `change ${round}`);
}

async function gateOnce(client: MaestroClient, plan: ChangePlan, seen: (what: string) => void): Promise<GateResult | null> {
  seen("start");
  const { intake_id } = await client.openIntake({ repository: plan.repository, object_format: plan.object_format, cuts: [...plan.cuts], tips: [...plan.tips] });
  const reader = plan.pack().getReader();
  const pack = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) return controller.close();
      controller.enqueue(value);
      seen("upload");
    },
  });
  await client.sendPack(intake_id, () => pack);
  seen("intake");
  let result: GateResult | null = null;
  for await (const event of client.gate({ intake_id, target_ref: plan.target_ref, target: plan.target, head: plan.head })) {
    if (event.event === "progress") seen(event.check ?? event.stage);
    else if (event.event === "result") result = event;
  }
  seen("result");
  return result;
}

/** Kills at once where no time is to pass: a timer would let the daemon run on. */
function killAt(daemon: Bun.Subprocess, { at, later_ms }: Moment): (what: string) => void {
  let armed = true;
  let judged = false;
  const folder = FOLDERS.find((name) => name === at);
  const watcher = folder === undefined ? null : watch(join(world.state_dir, folder), () => (judged ? seen(folder) : undefined));
  const seen = (what: string): void => {
    judged ||= what === "policy";
    if (what !== at || !armed) return;
    armed = false;
    watcher?.close();
    if (later_ms === 0) daemon.kill("SIGKILL");
    else setTimeout(() => daemon.kill("SIGKILL"), later_ms);
  };
  return seen;
}

/** What of the acknowledged gates is not there any more, or not whole. */
async function lost(client: MaestroClient, acknowledged: readonly GateResult[]): Promise<string[]> {
  const problems: string[] = [];
  for (const { gate_id, attempt, card, proof } of acknowledged) {
    try {
      const found = await client.gateRecord(gate_id);
      if (!found.attempts.includes(attempt) || canonicalText(found.card) !== canonicalText(card) || canonicalText(found.proof) !== canonicalText(proof)) problems.push(`${gate_id} changed`);
    } catch (error) {
      if (!(error instanceof MaestroError)) throw error;
      problems.push(`${gate_id}: ${error.code}`);
    }
  }
  const { log } = await client.status();
  if (acknowledged.some(({ proof }) => proof.log_index >= log.size)) problems.push(`the log has ${log.size} entries`);
  return problems;
}

const verified = ({ bundle }: GateResult, trust: Uint8Array): string => verifyBundle(fromBase64(bundle) ?? new Uint8Array(0), trust, { now: new Date() }).result;

test(`${MOMENTS.length} kills: the log opens, every acknowledged gate is there and verifies, and the next gate works`, async () => {
  const acknowledged: GateResult[] = [];
  const heads: string[] = [];
  for (const [round, { at, later_ms }] of MOMENTS.entries()) {
    const daemon = await world.daemon();
    const { client } = world;
    // The start itself checked frontier, checkpoint and gates against each other.
    expect({ round, lost: await lost(client, acknowledged) }).toEqual({ round, lost: [] });
    heads.push(await nextChange(round));
    const plan = await planChange(source.path, { target: "main" });
    await client.rules();
    const workers = workersOf(daemon.pid);
    const seen = killAt(daemon, { at, later_ms });
    const answer = gateOnce(client, plan, seen).catch((error: unknown) => {
      // Cut off: nothing was promised.
      expect({ round, at, code: error instanceof MaestroError ? error.code : String(error) }).toEqual({ round, at, code: "daemon.unreachable" });
      return null;
    });
    const result = await answer;
    // A moment that a quick daemon passed by: then after its answer.
    seen(at);
    await daemon.exited;
    expect(daemon.signalCode).toBe("SIGKILL");
    if (result !== null) acknowledged.push(result);
    await until(() => !workers.some(alive));
  }
  await world.daemon();
  const { client } = world;
  const { trust_path, log } = await client.status();
  const trust = readFileSync(trust_path);
  expect(acknowledged.map((result) => verified(result, trust))).toEqual(acknowledged.map(() => "verified"));
  expect(new Set(acknowledged.map(({ proof }) => proof.log_index)).size).toBe(acknowledged.length);
  expect(log.size).toBeGreaterThanOrEqual(acknowledged.length);
  // Every change, answered or cut off, is a gate like any other now; an acknowledged one is answered with the very same bytes.
  for (const head of heads) {
    const again = await gateOnce(client, await planChange(source.path, { target: "main", head }), () => undefined);
    expect(again?.verdict).toBe("admit");
    expect(again === null ? "none" : verified(again, trust)).toBe("verified");
    const first = acknowledged.find(({ card }) => card.head === head);
    if (first !== undefined) expect({ bundle: again?.bundle, recorded: again?.recorded }).toEqual({ bundle: first.bundle, recorded: true });
  }
  // The moments were well chosen only if some gates were answered and some were not.
  expect(acknowledged.length).toBeGreaterThan(0);
  expect(acknowledged.length).toBeLessThan(MOMENTS.length);
  expect(leftovers()).toEqual([]);
  expect(await lost(client, acknowledged)).toEqual([]);
  expect(await forgetful(acknowledged)).toHaveLength(acknowledged.length + 1);
});

/** Half-received packs and documents of killed gates. */
function leftovers(): string[] {
  const names = (folder: string): string[] => readdirSync(folder, { recursive: true }).map(String);
  return [...names(join(world.state_dir, "repositories")).filter((name) => name.includes("quarantine")), ...names(join(world.state_dir, "scratch"))];
}

/** Canary: a daemon that lost everything is found out. */
async function forgetful(acknowledged: readonly GateResult[]): Promise<string[]> {
  const other = new World();
  try {
    await other.daemon();
    return await lost(other.client, acknowledged);
  } finally {
    await other.dispose();
  }
}

test("a client whose daemon is killed says so and does not look like a verdict", async () => {
  await nextChange(MOMENTS.length);
  const pid = (await world.client.answers()) ? (await world.status()).daemon.pid : (await world.daemon()).pid;
  await world.client.rules();
  await until(async () => (await world.status()).workers.ready === 2);
  for (const worker of workersOf(pid)) process.kill(worker, "SIGSTOP");
  const client = world.start(["gate", source.path, "--target", "main", "--json"]);
  await client.said("queued");
  process.kill(pid, "SIGKILL");
  const { code, stdout, stderr } = await client.done;
  expect(code).toBe(69);
  expect(JSON.parse(stdout)).toMatchObject({ code: "daemon.unreachable", retry: true });
  expect(stderr).not.toContain("internal error");
});
