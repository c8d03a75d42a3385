import { afterEach, describe, expect, test } from "bun:test";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { chosenHasher, growTree, verifyConsistency } from "../../../kernels/merkle/index.ts";
import { StoreLimits } from "../../../proto/config.ts";
import { utf8 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { openStore, type Store } from "../../store/db.ts";
import { newRing, newSigner } from "../../testing/evidence.ts";
import { noteKey, parseVerifierKey } from "../../verifier/note.ts";
import { tlogProofText, verifyTlogProof } from "../../verifier/tlog-proof.ts";
import { openLog, type Log } from "./index.ts";

const ring = newRing();
const key = noteKey(ring.origin, ring.log.key);
const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

function stateDir(): string {
  const folder = mkdtempSync(join(tmpdir(), "maestro-log-"));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

interface Opened {
  readonly log: Log;
  readonly store: Store;
  close(): Promise<void>;
}

async function open(state_dir: string, signer = ring.log): Promise<Opened> {
  const fatal = (reason: MaestroError) => { throw reason; };
  const store = openStore({ state_dir, limits: Value.Create(StoreLimits), fatal });
  let closed = false;
  const close = async () => {
    if (closed) return;
    closed = true;
    await opened?.published();
    await store.close();
  };
  cleanups.push(close);
  let opened: Log | null = null;
  const projection_failed = (error: unknown) => { throw error; };
  const log = await openLog({ store, state_dir, key: noteKey(ring.origin, signer.key), sign: signer.sign, projection_failed });
  opened = log;
  return { log, store, close };
}

const entry = (i: number): Uint8Array => utf8(`entry ${i}`);
const entries = (from: number, to: number): Uint8Array[] => Array.from({ length: to - from }, (_, i) => entry(from + i));
const keep = <T>(value: T): T => value;
const codeOf = async (work: () => Promise<unknown>): Promise<string> => {
  try {
    await work();
  } catch (error) {
    if (error instanceof MaestroError) return error.code;
    throw error;
  }
  return "accepted";
};

describe("append", () => {
  test("gives each entry of a batch a receipt that verifies offline", async () => {
    const { log } = await open(stateDir());
    await log.append(entries(0, 5), 10, keep);
    const receipts = await log.append(entries(5, 12), 11, keep);
    expect(receipts.map(({ index }) => index)).toEqual([5, 6, 7, 8, 9, 10, 11]);
    for (const { index, proof, checkpoint } of receipts) {
      expect(verifyTlogProof(tlogProofText({ index, hashes: proof, checkpoint }), entry(index), key)).toMatchObject({ ok: true, index });
    }
    expect(log.state()).toMatchObject({ size: 12, time_s: 11, origin: ring.origin });
    expect(log.entry(7)).toEqual(entry(7));
  });

  test("an older entry gets a receipt under the newest checkpoint, and the history is shown to be one", async () => {
    const { log } = await open(stateDir());
    await log.append(entries(0, 3), 1, keep);
    const first = log.state();
    await log.append(entries(3, 20), 2, keep);
    const second = log.state();
    const { index, proof, checkpoint } = log.receipt(1);
    expect(verifyTlogProof(tlogProofText({ index, hashes: proof, checkpoint }), entry(1), key).ok).toBe(true);
    expect(verifyConsistency({ first: 3, second: 20, firstHash: first.root, secondHash: second.root, consistencyPath: log.consistencyProof(3, 20) })).toBe(true);
  });

  test("a throw of the caller undoes the entries and what the caller wrote", async () => {
    const { log } = await open(stateDir());
    await log.append(entries(0, 2), 1, keep);
    const before = log.state();
    await expect(log.append(entries(2, 4), 2, () => { throw new RangeError("the gate thought better of it"); })).rejects.toThrow("thought better");
    expect(log.state()).toEqual(before);
    const [receipt] = await log.append(entries(2, 3), 2, keep);
    expect(receipt?.index).toBe(2);
  });

  test("an entry of 65,535 bytes is the longest, an empty one is none", async () => {
    const { log } = await open(stateDir());
    const longest = new Uint8Array(65_535).fill(3);
    await log.append([longest], 1, keep);
    expect(log.entry(0)).toEqual(longest);
    expect(await codeOf(() => log.append([new Uint8Array(65_536)], 2, keep))).toBe("evidence.log");
    expect(await codeOf(() => log.append([new Uint8Array()], 2, keep))).toBe("evidence.log");
    expect(await codeOf(() => log.append([], 2, keep))).toBe("evidence.log");
    expect(log.state().size).toBe(1);
  });

  test("time never decreases", async () => {
    const { log } = await open(stateDir());
    await log.append(entries(0, 1), 100, keep);
    expect(await codeOf(() => log.append(entries(1, 2), 99, keep))).toBe("internal.bug");
    expect(log.state().time_s).toBe(100);
  });

  test("many at once keep one order and all become durable", async () => {
    const { log } = await open(stateDir());
    const receipts = await Promise.all(Array.from({ length: 30 }, (_, i) => log.append([entry(i)], 5, ([receipt]) => receipt)));
    expect(receipts.map((receipt) => receipt?.index)).toEqual(Array.from({ length: 30 }, (_, i) => i));
    await log.published();
    expect(log.state().size).toBe(30);
  });
});

describe("files", () => {
  const all = (folder: string): string[] => readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => statSync(join(folder, name)).isFile()).toSorted();

  test("are the tiles of the specification, byte for byte", async () => {
    const state = stateDir();
    const { log } = await open(state);
    await log.append(entries(0, 600), 1, keep);
    await log.published();
    const folder = join(state, "log");
    expect(all(folder)).toEqual(["checkpoint", "log.vkey", "tile/0/000", "tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2", "tile/entries/000", "tile/entries/001", "tile/entries/002.p/88"]);
    const hashes = chosenHasher().leafHashes(entries(0, 600));
    expect(new Uint8Array(readFileSync(join(folder, "tile/0/001")))).toEqual(hashes.slice(256 * 32, 512 * 32));
    const tree = growTree(hashes);
    expect(new Uint8Array(readFileSync(join(folder, "tile/1/000.p/2")))).toEqual(new Uint8Array([...tree.readNode({ level: 8, index: 0 }), ...tree.readNode({ level: 8, index: 1 })]));
    expect(readFileSync(join(folder, "tile/entries/002.p/88")).subarray(0, 11).toString("latin1")).toBe("\0\x09entry 512");
    expect(readFileSync(join(folder, "checkpoint"), "utf8")).toBe(log.state().checkpoint);
    expect(parseVerifierKey(readFileSync(join(folder, "log.vkey"), "utf8").trim())?.hash).toEqual(key.hash);
  });

  test("of earlier checkpoints stay until their tile is full", async () => {
    const state = stateDir();
    const { log } = await open(state);
    for (const [from, to] of [[0, 3], [3, 5], [5, 255]] as const) {
      await log.append(entries(from, to), 1, keep);
      await log.published();
    }
    const folder = join(state, "log/tile/0");
    expect(readdirSync(join(folder, "000.p")).toSorted()).toEqual(["255", "3", "5"]);
    await log.append(entries(255, 256), 1, keep);
    await log.published();
    expect(readdirSync(folder)).toEqual(["000"]);
  });

  test("deleted, cut or stale ones are made again at the next start, the same bytes", async () => {
    const state = stateDir();
    const folder = join(state, "log");
    const first = await open(state);
    await first.log.append(entries(0, 300), 1, keep);
    await first.log.published();
    await first.close();
    const before = all(folder).map((name) => [name, readFileSync(join(folder, name)).toString("base64")]);
    for (const harm of [
      () => rmSync(folder, { recursive: true }),
      () => rmSync(join(folder, "tile/0/000")),
      () => writeFileSync(join(folder, "tile/0/000"), "short"),
      () => writeFileSync(join(folder, "tile/entries/001.p/44"), "torn"),
      () => writeFileSync(join(folder, "checkpoint"), ""),
    ]) {
      harm();
      await (await open(state)).close();
      expect(all(folder).map((name) => [name, readFileSync(join(folder, name)).toString("base64")])).toEqual(before);
    }
  });
});

describe("a later start", () => {
  async function grown(): Promise<string> {
    const state = stateDir();
    const { log, close } = await open(state);
    await log.append(entries(0, 9), 7, keep);
    await log.published();
    await close();
    return state;
  }

  test("finds the same log and goes on", async () => {
    const state = await grown();
    const { log } = await open(state);
    expect(log.state()).toMatchObject({ size: 9, time_s: 7 });
    const [receipt] = await log.append(entries(9, 10), 7, keep);
    expect(receipt?.index).toBe(9);
  });

  test("refuses a log of another key", async () => {
    const state = await grown();
    expect(await codeOf(() => open(state, newSigner("ed25519")))).toBe("evidence.keys");
  });

  test("refuses to fork: the store was restored from an older copy than the published checkpoint", async () => {
    const state = await grown();
    const copy = join(stateDir(), "db");
    cpSync(join(state, "db"), copy, { recursive: true });
    const newer = await open(state);
    await newer.log.append(entries(9, 12), 8, keep);
    await newer.log.published();
    await newer.close();
    rmSync(join(state, "db"), { recursive: true });
    cpSync(copy, join(state, "db"), { recursive: true });
    expect(await codeOf(() => open(state))).toBe("evidence.log");
  });

  test("refuses to fork: the published checkpoint is of another history", async () => {
    const [state, other] = [await grown(), stateDir()];
    const forked = await open(other);
    await forked.log.append(entries(100, 105), 1, keep);
    await forked.log.published();
    cpSync(join(other, "log/checkpoint"), join(state, "log/checkpoint"));
    expect(await codeOf(() => open(state))).toBe("evidence.log");
  });

  test("takes no notice of a checkpoint file that somebody else signed", async () => {
    const state = await grown();
    const text = readFileSync(join(state, "log/checkpoint"), "utf8");
    writeFileSync(join(state, "log/checkpoint"), text.replace("\n9\n", "\n900\n"));
    const { log } = await open(state);
    expect(readFileSync(join(state, "log/checkpoint"), "utf8")).toBe(log.state().checkpoint);
  });

  test("before the first entry there is a signed empty log", async () => {
    const state = stateDir();
    const { log } = await open(state);
    expect(readFileSync(join(state, "log/checkpoint"), "utf8")).toStartWith(`${ring.origin}\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n`);
    expect(existsSync(join(state, "log/tile"))).toBe(false);
    expect(log.state().size).toBe(0);
  });
});
