/** What a monitor remembers: never less than somebody has verified already, and never under a key that is not the log's. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseCheckpoint } from "../../verifier/checkpoint.ts";
import { proofText } from "../../verifier/log/append-only.ts";
import { monitorLog } from "../../verifier/log/monitor.ts";
import { entriesOf, LogMaker, reading } from "../../verifier/log/testing/site.ts";
import { parseNote, verifierKeyText } from "../../verifier/note.ts";
import { checkConsistency } from "../../verifier/consistency.ts";
import { tlogProofText } from "../../verifier/tlog-proof.ts";
import type { Trust } from "../../verifier/trust.ts";
import type { Values } from "../command.ts";
import { remember, whatIsKnown } from "./known.ts";

const work = mkdtempSync(join(tmpdir(), "maestro-known-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));
const maker = new LogMaker();
const entries = entriesOf(9);

/** One look by the command line's own pieces, up to the moment at which it would remember. */
async function begun(values: Values, size: number) {
  const asked = whatIsKnown(values);
  const looked = await monitorLog(asked.known, reading(maker.site(entries, size)), false);
  if (looked.result === "refused" || asked.remember === null) throw new Error(JSON.stringify(looked));
  const { remember: file } = asked;
  return { looked, keep: () => remember(file, looked.state) };
}

const sizeIn = (path: string): unknown => JSON.parse(readFileSync(path, "utf8")).size;
const key = verifierKeyText(maker.key);

test("attack: two looks at once: the slower one does not take back what the other remembered", async () => {
  const path = join(work, "kept");
  const [slow, quick] = [await begun({ key, remember: path }, 5), await begun({ key, remember: path }, 7)];
  expect([quick.keep(), slow.keep(), sizeIn(path)]).toEqual([true, false, 7]);
  const [stale, newest] = [await begun({ remember: path }, 8), await begun({ remember: path }, 9)];
  expect([newest.keep(), stale.keep(), sizeIn(path)]).toEqual([true, false, 9]);
  expect(readdirSync(work)).toEqual(["kept"]);
});

test("a key that is given beside what is remembered is not passed over: it has to be the log's", async () => {
  const path = join(work, "given");
  (await begun({ key, remember: path }, 5)).keep();
  expect((await begun({ key, remember: path }, 6)).looked.result).toBe("consistent");
  const { known } = whatIsKnown({ key: verifierKeyText(new LogMaker(maker.origin).key), remember: path });
  expect(await monitorLog(known, reading(maker.site(entries, 6)), false)).toMatchObject({ result: "refused", step: "signer" });
});

test("the proof it writes is the one that a witness and the verifier page take", async () => {
  const path = join(work, "from");
  (await begun({ key, remember: path }, 3)).keep();
  const { looked } = await begun({ remember: path }, 8);
  const text = proofText(3, looked.proof, looked.state.checkpoint);
  const trust: Trust = { trust_domain: "sample.example", self_made: true, witnesses: { keys: [], quorum: null }, entries: [logLine()] };
  const receipt = parseCheckpoint(parseNote(new TextDecoder().decode(maker.site(entries, 3).get("checkpoint")))!.text)!;
  expect(checkConsistency(receipt, text, trust)).toEqual({ ok: true, from: 3, to: 8 });
  const other = text.split("\n");
  other[1] = other[1]!.startsWith("A") ? `B${other[1]!.slice(1)}` : `A${other[1]!.slice(1)}`;
  expect(checkConsistency(receipt, other.join("\n"), trust)).toMatchObject({ ok: false });
});

function logLine(): Trust["entries"][number] {
  const { key: spki, name } = { key: maker.key.key, name: maker.origin };
  const entry = { fingerprint: spki.fingerprint, algorithm: spki.algorithm, public_key: spki.spki.toBase64(), role: "log", predicate_types: [], repository_ids: ["*"], modes: ["local"], log_origin: name, from: "2026-01-01T00:00:00Z", to: "2036-01-01T00:00:00Z" } as const;
  return { entry: { ...entry, predicate_types: [], repository_ids: ["*"], modes: ["local"] }, key: spki, from_s: 0, to_s: 2 ** 40 };
}

test("a log receipt is a checkpoint to look from", () => {
  const path = join(work, "gate.tlog-proof");
  const checkpoint = new TextDecoder().decode(maker.site(entries, 4).get("checkpoint"));
  writeFileSync(path, tlogProofText({ index: 3, hashes: [], checkpoint }));
  expect(whatIsKnown({ key, from: path }).known.checkpoint).toBe(checkpoint);
});

test("attack: what it is told to remember in is something else: it is refused and stays as it was", () => {
  const path = join(work, "mine");
  for (const content of ["", "garbage", '{"type":"maestro.log-monitor","v":1}']) {
    writeFileSync(path, content);
    expect(() => whatIsKnown({ key, remember: path })).toThrow("never overwritten");
    expect(readFileSync(path, "utf8")).toBe(content);
  }
});
