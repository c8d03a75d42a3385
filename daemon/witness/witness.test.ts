/** Each answer of C2SP tlog-witness, over a real database. */
import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../proto/config.ts";
import { toBase64, utf8 } from "../../proto/encoding.ts";
import { checkpointBy, newWitness } from "../testing/witnesses.ts";
import { newSigner } from "../testing/evidence.ts";
import { openStore, type Store } from "../store/db.ts";
import { parseCosignerKey } from "../verifier/cosignature.ts";
import { parseNote } from "../verifier/note.ts";
import { openCosignatures } from "../verifier/witnesses.ts";
import { createWitness, type Answer, type Witness } from "./index.ts";
import { ForkedLog } from "./testing/forest.ts";

const root = mkdtempSync(join(tmpdir(), "maestro-witness-"));
const who = newWitness("witness.example/a");
const log = new ForkedLog("log.example").branch("main", 20).branch("fork", 20, 7);
const other = new ForkedLog("other.example").branch("main", 5);
const open: Store[] = [];
let serial = 0;
afterEach(async () => void (await Promise.all(open.splice(0).map((store) => store.close()))));
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Started {
  readonly witness: Witness;
  readonly store: Store;
  readonly state_dir: string;
  readonly warnings: string[];
}

function start(state_dir = join(root, String(serial++)), more: { rate?: number; time_s?: () => number; signer?: typeof who } = {}): Started {
  const store = openStore({ state_dir, limits: Value.Create(StoreLimits), fatal: () => undefined });
  open.push(store);
  const warnings: string[] = [];
  const { key, signer } = more.signer ?? who;
  const rate = more.rate ?? 1000;
  const witness = createWitness({ store, state_dir, key, sign: signer.sign, logs: [log.key, other.key], limits: { submissions_per_s: rate, submissions_burst: rate }, monotonic_ms: () => 0, now_s: more.time_s ?? (() => 1_790_000_000), warn: (what) => warnings.push(what) });
  return { witness, store, state_dir, warnings };
}
async function stop({ store }: Started): Promise<void> {
  open.splice(open.indexOf(store), 1);
  await store.close();
}
const submit = ({ witness }: Started, branch: string, old: number, size: number): Promise<Answer> => witness.submit(0, log.body(branch, old, size));
const statusOf = async (at: Started, branch: string, old: number, size: number): Promise<number> => (await submit(at, branch, old, size)).status;

test("a log is cosigned as it grows, at a time, by a line that its checkpoint takes", async () => {
  const at = start();
  const { status, type, text } = await submit(at, "main", 0, 5);
  expect({ status, type: type.split(";")[0] }).toEqual({ status: 200, type: "text/plain" });
  const key = parseCosignerKey(at.witness.vkey);
  const note = parseNote(log.checkpoint("main", 5) + text);
  const opened = note === null || key === null ? null : openCosignatures(note, [{ key, from_s: 0, to_s: 2e9 }]);
  expect(opened?.ok === true && opened.value.cosigners.map(({ time_s }) => time_s)).toEqual([1_790_000_000]);
  expect(await statusOf(at, "main", 5, 5)).toBe(200);
  expect(await statusOf(at, "main", 5, 12)).toBe(200);
  expect(at.witness.logs()).toEqual([{ origin: "log.example", size: 12, at: "2026-09-21T14:13:20Z", refused: null }, { origin: "other.example", size: null, at: null, refused: null }]);
});

test("an empty tree is cosigned with its own root and no other", async () => {
  const at = start();
  expect(await statusOf(at, "main", 0, 0)).toBe(200);
  const wrong = `old 0\n\n${checkpointBy(log.signer, log.origin, 0, new Uint8Array(32))}`;
  expect((await at.witness.submit(0, utf8(wrong))).status).toBe(422);
});

test("409 tells the size that was cosigned, in the type of the specification", async () => {
  const at = start();
  await submit(at, "main", 0, 9);
  expect(await submit(at, "main", 0, 12)).toEqual({ status: 409, type: "text/x.tlog.size", text: "9\n" });
  expect(await submit(at, "main", 4, 12)).toEqual({ status: 409, type: "text/x.tlog.size", text: "9\n" });
  expect(await submit(start(), "main", 4, 12)).toEqual({ status: 409, type: "text/x.tlog.size", text: "0\n" });
});

describe("refused", () => {
  test("attack: an older tree, whatever old size it is offered with", async () => {
    const at = start();
    await submit(at, "main", 0, 9);
    expect(await Promise.all([0, 3, 5].map((old) => statusOf(at, "main", old, 5)))).toEqual([409, 409, 409]);
    const claimed = utf8(`old 9\n\n${log.checkpoint("main", 5)}`);
    expect((await at.witness.submit(0, claimed)).status).toBe(400);
    expect(at.witness.logs()[0]?.size).toBe(9);
  });
  test("attack: the other branch of a fork, longer or of the same size", async () => {
    const at = start();
    await submit(at, "main", 0, 9);
    expect(await statusOf(at, "fork", 9, 12)).toBe(422);
    // C2SP tlog-witness: 409 for another root of the very size.
    expect(await submit(at, "fork", 9, 9)).toMatchObject({ status: 409, text: "9\n" });
    const borrowed = log.tree("main", 12).consistencyProof(9).map((hash) => `${toBase64(hash)}\n`).join("");
    expect((await at.witness.submit(0, utf8(`old 9\n${borrowed}\n${log.checkpoint("fork", 12)}`))).status).toBe(422);
    expect(await statusOf(at, "main", 9, 12)).toBe(200);
  });
  test("attack: two branches at once, of which one transaction lets one through", async () => {
    const at = start();
    await submit(at, "main", 0, 7);
    const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => statusOf(at, i % 2 === 0 ? "main" : "fork", 7, 12)));
    expect(answers.filter((status) => status === 200)).toHaveLength(1);
    expect(new Set(answers)).toEqual(new Set([200, 409]));
  });
  test("attack: a proof where none belongs", async () => {
    const at = start();
    const line = `${toBase64(new Uint8Array(32))}\n`;
    expect((await at.witness.submit(0, utf8(`old 0\n${line}\n${log.checkpoint("main", 5)}`))).status).toBe(422);
    await submit(at, "main", 0, 5);
    expect((await at.witness.submit(0, utf8(`old 5\n${line}\n${log.checkpoint("main", 5)}`))).status).toBe(422);
  });
  test("attack: one log's key under another's origin, a stranger's key, a broken signature, an unknown origin", async () => {
    const at = start();
    const root_hash = other.tree("main", 5).root();
    const answers = [checkpointBy(log.signer, other.origin, 5, root_hash), checkpointBy(newSigner("ed25519"), log.origin, 5, root_hash), log.checkpoint("main", 5).replace("\n5\n", "\n6\n"), checkpointBy(log.signer, "unknown.example", 5, root_hash)];
    expect(await Promise.all(answers.map(async (note) => (await at.witness.submit(0, utf8(`old 0\n\n${note}`))).status))).toEqual([403, 403, 403, 404]);
    expect(at.witness.logs().map(({ size }) => size)).toEqual([null, null]);
  });
  const good = log.checkpoint("main", 5);
  test.each([
    ["nothing", ""],
    ["no old size", `\n\n${good}`],
    ["a size with a zero before it", `old 05\n\n${good}`],
    ["a negative size", `old -1\n\n${good}`],
    ["64 lines of proof", `old 1\n${`${toBase64(new Uint8Array(32))}\n`.repeat(64)}\n${good}`],
    ["a hash of 31 bytes", `old 1\n${toBase64(new Uint8Array(31))}\n\n${good}`],
    ["no checkpoint", "old 0\n\n"],
    ["a checkpoint without its signature", `old 0\n\n${good.slice(0, good.lastIndexOf("\n\n") + 1)}`],
    ["lines of another kind of file", `old 0\r\n\r\n${good}`],
    ["a text longer than a row takes", `old 0\n\n${good.replace("\n\n", `\n${"x".repeat(800)}\n\n`)}`],
  ])("400: %s", async (_, body) => {
    expect((await start().witness.submit(0, utf8(body))).status).toBe(400);
  });
  test("bytes that are no text", async () => {
    expect((await start().witness.submit(0, Uint8Array.of(0xff, 0xfe, 10, 10))).status).toBe(400);
  });
  test("attack: more submissions than one user may make, or one log's key holder", async () => {
    const at = start(undefined, { rate: 3 });
    for (let i = 0; i < 3; i++) await at.witness.submit(7, utf8("nonsense"));
    await expect(at.witness.submit(7, utf8("nonsense"))).rejects.toThrow("user 7");
    expect((await at.witness.submit(8, log.body("main", 0, 5))).status).toBe(200);
    for (const uid of [9, 10]) await at.witness.submit(uid, log.body("main", 5, 5));
    await expect(at.witness.submit(11, log.body("main", 5, 5))).rejects.toThrow("log log.example");
    expect((await at.witness.submit(12, other.body("main", 0, 5))).status).toBe(200);
  });
});

test("time never goes back from one tree to the next, whatever the clock says", async () => {
  let time_s = 1_790_000_000;
  const at = start(undefined, { time_s: () => time_s });
  await submit(at, "main", 0, 5);
  time_s -= 1_000;
  await submit(at, "main", 5, 9);
  expect(at.witness.logs()[0]?.at).toBe("2026-09-21T14:13:20Z");
});

test("attack: a clock that was years ahead for one submission dates every later one, under a new key too", async () => {
  const ahead = start(undefined, { time_s: () => 4_000_000_000 });
  expect(await statusOf(ahead, "main", 0, 5)).toBe(200);
  await stop(ahead);
  const renewed = newWitness("witness.example/a");
  const after = start(ahead.state_dir, { signer: renewed });
  expect(await statusOf(after, "main", 5, 9)).toBe(200);
  expect(after.witness.logs()[0]).toMatchObject({ size: 9, at: "2026-09-21T14:13:20Z" });
});

test("a restart remembers, and the checkpoint for monitors carries both signatures", async () => {
  const first = start();
  await submit(first, "main", 0, 9);
  const [name = ""] = readdirSync(join(first.state_dir, "witness"));
  expect(first.witness.checkpoint(name)).toBe(readFileSync(join(first.state_dir, "witness", name), "utf8"));
  expect(first.witness.checkpoint("0".repeat(64))).toBeNull();
  expect(first.witness.checkpoint("../trust.json")).toBeNull();
  await stop(first);
  const again = start(first.state_dir);
  expect(await statusOf(again, "fork", 7, 12)).toBe(409);
  expect(parseNote(again.witness.checkpoint(name) ?? "")?.signatures.map(({ name: signer }) => signer)).toEqual(["log.example", "witness.example/a"]);
});

test("attack: a database put back from an older copy cosigns that log no more, and says why; another key begins anew", async () => {
  const first = start();
  await submit(first, "main", 0, 7);
  await first.witness.submit(0, other.body("main", 0, 5));
  await stop(first);
  cpSync(join(first.state_dir, "db"), join(first.state_dir, "older"), { recursive: true });
  const second = start(first.state_dir);
  expect(await statusOf(second, "main", 7, 12)).toBe(200);
  await stop(second);
  rmSync(join(first.state_dir, "db"), { recursive: true });
  cpSync(join(first.state_dir, "older"), join(first.state_dir, "db"), { recursive: true });
  const third = start(first.state_dir);
  expect(third.warnings).toEqual(["log.example is not cosigned any more"]);
  await expect(submit(third, "fork", 7, 12)).rejects.toThrow("put back from an older copy");
  expect((await third.witness.submit(0, other.body("main", 5, 5))).status).toBe(200);
  expect(third.witness.logs()[0]?.refused).toContain("12 entries");
  await stop(third);
  const anew = start(first.state_dir, { signer: newWitness("witness.example/new") });
  expect(anew.warnings).toEqual([]);
  expect(await statusOf(anew, "main", 7, 12)).toBe(200);
});
