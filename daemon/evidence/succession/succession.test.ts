/** One log ends and another begins; no key ever signs two histories. */
import { afterEach, describe, expect, test } from "bun:test";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { SuccessionStatement } from "../../../proto/attestation.ts";
import { StoreLimits } from "../../../proto/config.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { type Clock, systemClock } from "../../platform/clock.ts";
import { openStore, type Store } from "../../store/db.ts";
import { FakeClock } from "../../testing/clock.ts";
import { recordInput } from "../../testing/evidence.ts";
import { verifyBundle } from "../../verifier/bundle.ts";
import { logEntryBody, preAuthEncoding } from "../../verifier/dsse.ts";
import { openTrust } from "../../verifier/trust.ts";
import { createEvidence, type Evidence } from "../index.ts";
import { auditEnded } from "../log/ended.ts";
import { noteKey } from "../../verifier/note.ts";
import { signTrust, trustFileBytes } from "../keys/trust.ts";
import { newSigner } from "../../testing/evidence.ts";
import type { Succession } from "./index.ts";
import { rememberedMachine, rememberMachine } from "./machine.ts";

const [HERE, THERE] = ["a".repeat(64), "b".repeat(64)] as const;
const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

function stateDir(): string {
  const folder = mkdtempSync(join(tmpdir(), "maestro-succession-"));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

interface Opened {
  readonly evidence: Evidence;
  readonly store: Store;
  readonly began: readonly Succession[];
  readonly kept: ReadonlyMap<string, Uint8Array>;
  close(): Promise<void>;
}

async function open(state_dir: string, machine: string | null, clock: Clock = systemClock): Promise<Opened> {
  const fatal = (error: unknown): void => { throw error; };
  const store = openStore({ state_dir, limits: Value.Create(StoreLimits), fatal });
  const began: Succession[] = [];
  const kept = new Map<string, Uint8Array>();
  const renewal = { machine, began: (succession: Succession) => void began.push(succession), keep: async (name: string, bytes: Uint8Array) => void kept.set(name, bytes) };
  let closed = false;
  const shut = async (evidence: Evidence | null): Promise<void> => {
    if (closed) return;
    closed = true;
    await evidence?.published();
    await store.close();
  };
  try {
    const evidence = await createEvidence({ store, state_dir, trust_domain: null, version: "0.0.0", renewal, clock, time_froze: () => undefined, projection_failed: fatal });
    const close = () => shut(evidence);
    cleanups.push(close);
    return { evidence, store, began, kept, close };
  } catch (error) {
    await shut(null);
    throw error;
  }
}

const record = (evidence: Evidence, attempt: number) => evidence.record(recordInput(evidence.trust_domain, attempt), () => undefined);
const resultOf = (bundle: Uint8Array, trust: Uint8Array): string => verifyBundle(bundle, trust, { now: new Date() }).result;

/** A folder with `gates` gates, closed. */
async function worked(gates: number): Promise<{ state_dir: string; bundles: Uint8Array[]; origin: string; checkpoint_root: Uint8Array; trust: Uint8Array }> {
  const state_dir = stateDir();
  const { evidence, close } = await open(state_dir, HERE);
  const bundles: Uint8Array[] = [];
  for (let attempt = 1; attempt <= gates; attempt++) bundles.push((await record(evidence, attempt)).bundle);
  const { origin, root } = evidence.logState();
  await close();
  return { state_dir, bundles, origin, checkpoint_root: root, trust: evidence.trust_bytes };
}

const codeOf = async (work: Promise<unknown>): Promise<string> => work.then(() => "none", (error: unknown) => (error instanceof MaestroError ? error.code : String(error)));

describe("attack: a copied disk wakes up on another machine", () => {
  test("its log begins anew under another key, entry 0 signs the old head, and old and new evidence verify under its trust file", async () => {
    const { state_dir, bundles, origin, checkpoint_root } = await worked(3);
    const copy = await open(state_dir, THERE);
    const { evidence, began, kept } = copy;
    const now = evidence.logState();
    expect(began).toEqual([{ cause: "machine", from: { origin, size: 3 }, to: now.origin }]);
    expect([now.origin === origin, now.size]).toEqual([false, 1]);
    const envelope = JSON.parse(Buffer.from(kept.get(`log-succession-${now.origin}`)!).toString());
    const payload = Buffer.from(envelope.payload, "base64");
    const statement: unknown = JSON.parse(payload.toString());
    if (!Value.Check(SuccessionStatement, statement)) throw new Error(payload.toString());
    expect(statement.subject).toEqual([{ name: origin, digest: { sha256: Buffer.from(checkpoint_root).toString("hex") } }]);
    expect(statement.predicate.checkpoint).toStartWith(`${origin}\n3\n`);
    expect(statement.predicate.origin).toBe(now.origin);
    // Entry 0 is the log's own form of exactly that signature.
    const signer = evidence.trust.entries.find(({ entry }) => entry.fingerprint === envelope.signatures[0].keyid)!;
    expect(evidence.log.entry(0)).toEqual(logEntryBody(preAuthEncoding(payload), new Uint8Array(Buffer.from(envelope.signatures[0].sig, "base64")), signer.key.spki));
    const fresh = await record(evidence, 4);
    expect([...bundles, fresh.bundle].map((bundle) => resultOf(bundle, evidence.trust_bytes))).toEqual(["verified", "verified", "verified", "verified"]);
    expect(fresh.proof.log_index).toBe(1);
  });

  test("the original goes on under its own log; what it signs from now on, the copy's trust file does not take for the copy's", async () => {
    const { state_dir, origin, trust } = await worked(2);
    const copied = stateDir();
    cpSync(state_dir, copied, { recursive: true });
    const copy = await open(copied, THERE);
    const original = await open(state_dir, HERE);
    expect([original.began, original.evidence.logState().origin]).toEqual([[], origin]);
    // The copy closed the old keys' lines a second ago; evidence from after that second is of the other history.
    await Bun.sleep(1_100);
    const { bundle } = await record(original.evidence, 3);
    expect([resultOf(bundle, trust), resultOf(bundle, copy.evidence.trust_bytes)]).toEqual(["verified", "failed"]);
  });

  test("the old log's files stay, whole, under its own name", async () => {
    const { state_dir, origin, trust } = await worked(5);
    await open(state_dir, THERE);
    const opened = openTrust(trust);
    if (!opened.ok) throw new Error("trust");
    const old = opened.value.entries.find(({ entry }) => entry.log_origin === origin)!;
    const steps = await Array.fromAsync(auditEnded(join(state_dir, "logs", origin), [noteKey(origin, old.key)]));
    expect(steps.filter(({ problem }) => problem !== null)).toEqual([]);
    expect(steps.length).toBeGreaterThan(2);
    const tile = join(state_dir, "logs", origin, "tile/entries/000.p/5");
    const bytes = readFileSync(tile);
    bytes[10]! ^= 1;
    writeFileSync(tile, bytes);
    expect((await Array.fromAsync(auditEnded(join(state_dir, "logs", origin), [noteKey(origin, old.key)]))).map(({ problem }) => problem)).toContain("its 5 entries do not hash to the head it signed");
  });

  test("the same machine goes on as it was, and one without an identity asks nothing", async () => {
    const { state_dir, origin } = await worked(1);
    for (const machine of [HERE, null, HERE]) {
      const { evidence, began, close } = await open(state_dir, machine);
      expect([began, evidence.logState().origin]).toEqual([[], origin]);
      await close();
    }
  });

  test("a flipped bit in the machine's record is damage, not another machine", async () => {
    const { state_dir } = await worked(1);
    const text = readFileSync(join(state_dir, "machine"), "utf8");
    writeFileSync(join(state_dir, "machine"), `b${text.slice(1)}`);
    expect(await codeOf(open(state_dir, HERE))).toBe("store.corrupt");
    rememberMachine(state_dir, HERE);
    expect(rememberedMachine(state_dir)).toBe(HERE);
  });

  test("an operator's own trust file cannot be changed here: nothing begins, and the words say what to do", async () => {
    const { state_dir, trust } = await worked(1);
    const { body } = JSON.parse(new TextDecoder().decode(trust));
    writeFileSync(join(state_dir, "keys/trust.json"), trustFileBytes(signTrust({ ...body, self_made: false }, newSigner("ed25519"))));
    expect(await codeOf(open(state_dir, THERE))).toBe("evidence.succession");
    expect([existsSync(join(state_dir, "keys.next")), existsSync(join(state_dir, "logs"))]).toEqual([false, false]);
  });
});

describe("attack: what a log rests on is taken away", () => {
  for (const gone of [["db", "log"], ["db", "log", "trust.json", "machine"]]) {
    test(`without ${gone.join(" and ")} nothing is signed: a second log under the same key would fork the first`, async () => {
      const { state_dir } = await worked(2);
      for (const name of gone) rmSync(join(state_dir, name), { recursive: true });
      expect(await codeOf(open(state_dir, HERE))).toBe("evidence.log");
    });
  }

  test("without the keys none are made: they could not go on with the log, and the old public ones stay in trust.json", async () => {
    const { state_dir, trust } = await worked(1);
    rmSync(join(state_dir, "keys"), { recursive: true });
    expect(await codeOf(open(state_dir, HERE))).toBe("evidence.keys");
    expect([existsSync(join(state_dir, "keys")), readFileSync(join(state_dir, "trust.json")).equals(trust)]).toEqual([false, true]);
  });

  test("keys that an operator has yet to sign for have signed nothing: the next start goes on with them", async () => {
    const { state_dir } = await worked(0);
    for (const name of ["db", "log", "keys/signs-for"]) rmSync(join(state_dir, name), { recursive: true });
    expect((await open(state_dir, HERE)).evidence.logState().size).toBe(0);
  });
});

test("attack: a wall clock years ahead together with another machine: the new log begins at the last honest second, and stays there", async () => {
  const state_dir = stateDir();
  const clock = new FakeClock(Date.parse("2026-11-22T10:00:00Z"));
  const { evidence, close } = await open(state_dir, HERE, clock);
  await record(evidence, 1);
  const before_s = evidence.logState().time_s;
  await close();
  clock.setWall(clock.now_ms() + 5 * 365 * 86_400_000);
  const moved = await open(state_dir, THERE, clock);
  expect([moved.began.length, moved.evidence.logState().time_s, moved.evidence.frozen()?.time_s]).toEqual([1, before_s, before_s]);
});

test("killed after each step, the next start finishes: one new log, its key and its trust file together", async () => {
  const { state_dir } = await worked(3);
  const child = (folder: string, kill_at: number) => Bun.spawnSync([process.execPath, join(import.meta.dir, "testing/succeeding.ts"), folder, THERE, String(kill_at)], { stdout: "pipe", stderr: "pipe" });
  let finished = false;
  let kills = 0;
  for (let at = 1; !finished; at++) {
    const folder = stateDir();
    cpSync(state_dir, folder, { recursive: true });
    const killed = child(folder, at);
    finished = killed.signalCode !== "SIGKILL";
    if (finished) break;
    kills += 1;
    const { evidence, close } = await open(folder, THERE);
    const log = evidence.logState();
    expect([at, log.size, readdirSync(join(folder, "logs")).length, existsSync(join(folder, "keys.next"))]).toEqual([at, 1, 1, false]);
    const { bundle } = await record(evidence, 4);
    expect([at, resultOf(bundle, evidence.trust_bytes)]).toEqual([at, "verified"]);
    await close();
  }
  expect(kills).toBeGreaterThan(8);
}, 120_000);
