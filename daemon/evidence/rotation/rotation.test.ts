/** A log goes on under another key, and nobody who holds the old one can take it over. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROTATIONS_FILE } from "../../../proto/log.ts";
import type { TrustBody } from "../../../proto/trust.ts";
import { newSigner } from "../../testing/evidence.ts";
import { parseNote } from "../../verifier/note.ts";
import { signerFromPem } from "../keys/signer.ts";
import { signTrust, trustFileBytes } from "../keys/trust.ts";
import { signedCheckpoint } from "../log/signed.ts";
import { clean, cleanups, filesOf, logKey, look, open, problems, record, refusal, stateDir, verified, type Cleanups } from "./testing/nodes.ts";

afterEach(() => clean(cleanups));
const signers = (checkpoint: string): number => parseNote(checkpoint)?.signatures.length ?? 0;

/** A node with three gates before the change of its log key and two after it. */
async function rotated() {
  const state = stateDir();
  const opened = await open(state);
  const { evidence } = opened;
  const before = [await record(evidence, 1), await record(evidence, 2), await record(evidence, 3)];
  await evidence.published();
  const old = { trust: evidence.trust_bytes, key: logKey(state), pem: readFileSync(join(state, "keys/log.pem"), "utf8"), log: evidence.logState() };
  const copy = filesOf(state);
  const reply = await evidence.rotateLog("both");
  const covering = evidence.logState();
  const after = [await record(evidence, 4), await record(evidence, 5)];
  await evidence.published();
  return { state, copy, ...opened, before: before.map(({ bundle }) => bundle), after: after.map(({ bundle }) => bundle), old, reply, covering };
}

/** One that nobody changes; whoever wants to works on `filesOf` it. */
let node: Awaited<ReturnType<typeof rotated>>;
const last: Cleanups = [];
beforeAll(async () => {
  node = await rotated();
  last.push(...cleanups.splice(0));
});
afterAll(() => clean(last));

describe("a node that wrote its own trust file", () => {
  test("goes on under a new key in one step: one origin, one history, and evidence of before and after verifies under its trust file", async () => {
    const { state, evidence, before, after, old, reply, covering } = node;
    expect(reply).toMatchObject({ origin: old.log.origin, next: null, rotated: { from: old.key.key.fingerprint, index: old.log.size } });
    expect([covering.size, signers(covering.checkpoint), signers(evidence.logState().checkpoint)]).toEqual([old.log.size + 1, 2, 1]);
    expect([evidence.logState().origin, logKey(state).key.fingerprint]).toEqual([old.log.origin, reply.key]);
    expect([...before, ...after].map((bundle) => verified(bundle, evidence.trust_bytes).result)).toEqual(Array.from({ length: 5 }, () => "verified"));
    expect(await problems(evidence)).toEqual([]);
  });

  test("the old private key is nowhere in the state folder, and no other file is left over", () => {
    const { state, old } = node;
    const files = readdirSync(state, { recursive: true, encoding: "utf8" }).filter((name) => statSync(join(state, name)).isFile());
    const secret = old.pem.split("\n")[1]!;
    expect(files.filter((name) => readFileSync(join(state, name)).includes(secret))).toEqual([]);
    expect(readdirSync(state).toSorted()).toEqual(["db", "keys", "log", "trust.json"]);
  });

  test("a later start finds one log and goes on, and rotates again", async () => {
    const { state, evidence, close, old } = await rotated();
    const { size } = evidence.logState();
    await close();
    const again = await open(state);
    expect(again.evidence.logState().size).toBe(size);
    await again.evidence.rotateLog("both");
    const { bundle } = await record(again.evidence, 6);
    expect(verified(bundle, again.evidence.trust_bytes).result).toBe("verified");
    await again.evidence.published();
    const looked = await look(state, { checkpoint: old.log.checkpoint, keys: [old.key] });
    expect(looked).toMatchObject({ result: "consistent", rotations: [{ terms: { size: old.log.size } }, { terms: { size } }] });
  });

  test("verdicts given meanwhile are kept once each, all under one key or the other", async () => {
    const { evidence } = await open(stateDir());
    const given = await Promise.all([record(evidence, 1), evidence.rotateLog("both"), record(evidence, 2), record(evidence, 3), evidence.rotateLog("both"), record(evidence, 4)]);
    const bundles = given.flatMap((one) => ("bundle" in one ? [one] : []));
    expect(bundles.map(({ bundle }) => verified(bundle, evidence.trust_bytes).result)).toEqual(Array.from({ length: 4 }, () => "verified"));
    expect(new Set(bundles.map(({ proof }) => proof.log_index)).size).toBe(4);
    expect(await problems(evidence)).toEqual([]);
  });

  test("without the root that signed its trust file it says which file is missing, and changes nothing", async () => {
    const state = stateDir();
    const { evidence } = await open(state);
    rmSync(join(state, "keys/root.pem"));
    expect(await refusal(evidence.rotateLog("both"))).toContain("put root.pem back");
    expect([existsSync(join(state, "keys.prepared")), evidence.logState().size]).toEqual([false, 0]);
  });

  test("attack: its trust file was damaged since the start: the change does not sign the damage over", async () => {
    const state = stateDir();
    const { evidence } = await open(state);
    const path = join(state, "keys/trust.json");
    writeFileSync(path, readFileSync(path, "utf8").replace('"repository_ids":["*"]', '"repository_ids":["+"]'), { mode: 0o600 });
    expect(await refusal(evidence.rotateLog("both"))).toContain("did not sign this trust file");
    expect([existsSync(join(state, "keys.prepared")), evidence.logState().size]).toEqual([false, 0]);
  });
});

test("attack: the keys of before are put back while the change is the newest entry: it goes on under no key that was followed", async () => {
  const state = stateDir();
  const first = await open(state);
  await first.close();
  const old = stateDir();
  cpSync(join(state, "keys"), join(old, "keys"), { recursive: true });
  const second = await open(state);
  await second.evidence.rotateLog("both");
  await second.close();
  cpSync(join(old, "keys"), join(state, "keys"), { recursive: true });
  expect(await refusal(open(state))).toContain("these keys are from before");
});

describe("whoever holds the trust file of before", () => {
  test("verifies what was given before, and is led to the signed entry for what came after", () => {
    const { before, after, old } = node;
    expect(verified(before[0]!, old.trust).result).toBe("verified");
    const later = verified(after[0]!, old.trust);
    expect(later).toMatchObject({ result: "unknown_signer", reasons: [{ code: "log.unknown" }] });
    expect(later.reasons[0]?.detail).toContain("maestro log monitor");
  });

  test("follows the log from its old key to the new one by the log's own files, and remembers both", async () => {
    const { state, old, evidence } = node;
    const looked = await look(state, { checkpoint: old.log.checkpoint, keys: [old.key] });
    expect(looked).toMatchObject({ result: "consistent", newest: { size: evidence.logState().size }, rotations: [{ old_key: { hash: old.key.hash } }] });
    expect(looked.result === "consistent" && looked.state.keys.map(({ from, to }) => [from, to])).toEqual([[0, old.log.size + 1], [old.log.size + 1, null]]);
  });

  test("is told of no rollback by a look that falls between the change and the checkpoint over it", async () => {
    const { state, copy, old } = node;
    const between = filesOf(copy);
    cpSync(join(state, "log", ROTATIONS_FILE), join(between, "log", ROTATIONS_FILE));
    expect(await look(between, { checkpoint: old.log.checkpoint, keys: [old.key] })).toMatchObject({ result: "consistent", newest: { size: old.log.size }, rotations: [], state: { keys: [{ to: null }] } });
  });

  test("and whoever has the new key alone follows it back", async () => {
    const { state, old } = node;
    expect(await look(state, { checkpoint: old.log.checkpoint, keys: [logKey(state)] })).toMatchObject({ result: "consistent" });
  });
});

describe("attack: a stolen old key", () => {
  /** What the thief signs: the log as it was, and one entry more. */
  function forged() {
    const thief = { key: node.old.key, sign: signerFromPem("ed25519", node.old.pem, "stolen").sign };
    const { size, root } = node.evidence.logState();
    return { ...node, site: filesOf(node.state), forge: (wanted = size) => signedCheckpoint({ frontier: { size: wanted, hashes: new Uint8Array() }, root }, thief) };
  }

  test("signs the newest tree: a key whose time is over has no say", async () => {
    const { site, old, forge } = forged();
    writeFileSync(join(site, "log/checkpoint"), forge());
    expect(await look(site, { checkpoint: old.log.checkpoint, keys: [old.key] })).toMatchObject({ result: "refused", step: "key" });
  });

  test("signs a receipt of today: the trust file says up to which tree it signed", () => {
    const { after, evidence, old, forge } = forged();
    const bundle = JSON.parse(new TextDecoder().decode(after[1]));
    for (const { verificationMaterial: { tlogEntries: [entry] } } of bundle.attestations) {
      entry.logId.keyId = old.key.hash.toBase64();
      entry.inclusionProof.checkpoint.envelope = forge();
    }
    const judged = verified(new TextEncoder().encode(JSON.stringify(bundle)), evidence.trust_bytes);
    expect(judged).toMatchObject({ result: "failed", reasons: [{ code: "log.key" }] });
    // Not by its time, which a thief may write as he likes.
    expect(judged.reasons[0]?.detail).toContain(`up to ${old.log.size + 1} entries`);
  });

  test("hides the change of key: whoever saw the new key misses it", async () => {
    const { state, old, site, copy, forge } = forged();
    const seen = await look(state, { checkpoint: null, keys: [old.key] });
    if (seen.result !== "consistent") throw new Error(seen.detail);
    const known = { checkpoint: seen.state.checkpoint, keys: [old.key, logKey(state)] };
    rmSync(join(site, "log", ROTATIONS_FILE));
    // Fetched without that file, the log is signed by nobody who is known; what to do is said.
    expect(await look(site, { checkpoint: old.log.checkpoint, keys: [old.key] })).toMatchObject({ result: "refused", step: "signer", detail: expect.stringContaining(`no ${ROTATIONS_FILE} beside the tiles`) });
    writeFileSync(join(site, "log/checkpoint"), forge());
    expect(await look(site, known)).toMatchObject({ result: "refused", step: "rotation", detail: expect.stringContaining("fetch that file") });
    // Taken back to before the change it is the log itself, and shorter.
    expect(await look(copy, known)).toMatchObject({ result: "refused", step: "rollback", detail: expect.stringContaining("has changed its key since") });
  });

  test("takes the statement of another log's change", async () => {
    const { site, old } = forged();
    const other = stateDir();
    const { evidence } = await open(other);
    await evidence.rotateLog("both");
    cpSync(join(other, "log", ROTATIONS_FILE), join(site, "log", ROTATIONS_FILE));
    expect(await look(site, { checkpoint: old.log.checkpoint, keys: [old.key] })).toMatchObject({ result: "refused", step: "rotation" });
  });
});

describe("under an operator's trust file", () => {
  const root = newSigner("ed25519");

  /** The operator signs over what the node gives it. */
  function operated(from: string, to: string): void {
    const { body } = JSON.parse(readFileSync(from, "utf8")) as { body: TrustBody };
    writeFileSync(to, trustFileBytes(signTrust({ ...body, self_made: false, keys: body.keys.map((line) => ({ ...line, modes: ["local"] })) }, root)), { mode: 0o644 });
  }

  test("the next key waits for the operator's word, whatever is asked, and is taken at the start that finds it; the file of before, swapped back, is refused", async () => {
    const state = stateDir();
    const trust_file = join(stateDir(), "trust.json");
    const first = await open(state);
    await record(first.evidence, 1);
    await first.close();
    const before = stateDir();
    cpSync(join(state, "trust.json"), join(before, "trust.json"));
    operated(join(state, "trust.json"), trust_file);
    const operator = { operator: { trust_file, modes: ["local"] as const } };
    const second = await open(state, operator);
    const reply = await second.evidence.rotateLog("both");
    expect(reply).toMatchObject({ rotated: null, next: { trust_file: join(state, "trust-next.json") } });
    expect(await refusal(second.evidence.rotateLog("activate"))).toMatch(/^log\.next_key .*does not name the next log key/);
    expect((await second.evidence.rotateLog("prepare")).next?.key).toBe(reply.next!.key);
    await record(second.evidence, 2);
    await second.close();
    operated(join(state, "trust-next.json"), trust_file);
    const third = await open(state, operator);
    expect(signers(third.evidence.logState().checkpoint)).toBe(2);
    const { bundle } = await record(third.evidence, 3);
    expect(verified(bundle, new Uint8Array(readFileSync(trust_file))).result).toBe("verified");
    expect([existsSync(join(state, "keys.prepared")), existsSync(join(state, "trust-next.json"))]).toEqual([false, false]);
    expect(await refusal(third.evidence.rotateLog("activate"))).toMatch(/^log\.next_key no next log key/);
    await third.close();
    // Swapped back for the file of before, and put right again.
    operated(join(before, "trust.json"), trust_file);
    expect(await refusal(open(state, operator))).toContain("does not name log key");
    operated(join(state, "trust.json"), trust_file);
    const fourth = await open(state, operator);
    expect(verified((await record(fourth.evidence, 4)).bundle, new Uint8Array(readFileSync(trust_file))).result).toBe("verified");
  });
});
