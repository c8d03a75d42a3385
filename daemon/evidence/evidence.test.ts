import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "@noble/hashes/sha2.js";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../proto/config.ts";
import { fromBase64, toHex } from "../../proto/encoding.ts";
import { openStore, type Store } from "../store/db.ts";
import { NOW, recordInput } from "../testing/evidence.ts";
import { times } from "../testing/scale.ts";
import { verifyBundle } from "../verifier/index.ts";
import { parseVerifierKey } from "../verifier/note.ts";
import { verifyTlogProof } from "../verifier/tlog-proof.ts";
import { createEvidence, type Evidence, type Recorded } from "./index.ts";

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

function stateDir(): string {
  const folder = mkdtempSync(join(tmpdir(), "maestro-evidence-"));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

interface Opened {
  readonly evidence: Evidence;
  readonly store: Store;
  close(): Promise<void>;
}

async function open(state_dir: string, now: () => Date = () => NOW): Promise<Opened> {
  const failures: unknown[] = [];
  const store = openStore({ state_dir, limits: Value.Create(StoreLimits), fatal: (reason) => failures.push(reason) });
  const evidence = await createEvidence({ store, state_dir, trust_domain: null, version: "0.0.0", clock: { now_ms: () => now().getTime(), boottime_ms: () => now().getTime(), boot_id: () => "boot" }, time_froze: (step_ms) => failures.push(step_ms), projection_failed: (error) => failures.push(error) });
  let open = true;
  const close = async () => {
    if (!open) return;
    open = false;
    await evidence.published();
    await store.close();
    expect(failures).toEqual([]);
  };
  cleanups.push(close);
  return { evidence, store, close };
}

const nothing = (): void => undefined;

test("a trust file whose time is over ends gates with its own name and the remedy, not as a mistake of ours; nothing is logged", async () => {
  const state = stateDir();
  const first = await open(state);
  await first.evidence.record(recordInput(first.evidence.trust_domain, 1), nothing);
  await first.close();
  const { evidence } = await open(state, () => new Date(NOW.getTime() + 11 * 365 * 86_400_000));
  const again = evidence.record(recordInput(evidence.trust_domain, 2), nothing);
  await expect(again).rejects.toMatchObject({ code: "evidence.keys", detail: expect.stringMatching(/signer\.time: the key was valid until .*maestro trust sign/) });
  expect(evidence.logState().size).toBe(1);
});

describe("record", () => {
  test("gives a bundle that verifies against the trust file on disk, and a receipt that verifies alone", async () => {
    const state = stateDir();
    const { evidence } = await open(state);
    const { bundle, proof, tlog_proof, statement } = await evidence.record(recordInput(evidence.trust_domain, 1), nothing);
    const answer = verifyBundle(bundle, new Uint8Array(readFileSync(join(state, "trust.json"))), { now: NOW, leaf: "document/card" });
    expect(answer).toMatchObject({ result: "verified", signer: { self_made: true, fingerprint: proof.signer }, log: { origin: proof.log_origin, index: 0, size: 1 } });
    expect(answer.statement).toEqual(statement);
    expect(proof).toMatchObject({ bundle_sha256: toHex(sha256(bundle)), manifest_root: statement.predicate.manifest.root, self_made_trust: true });
    await evidence.published();
    const key = parseVerifierKey(readFileSync(join(state, "log/log.vkey"), "utf8").trim());
    const entries = readFileSync(join(state, "log/tile/entries/000.p/1"));
    expect(key !== null && verifyTlogProof(tlog_proof, new Uint8Array(entries.subarray(2)), key).ok).toBe(true);
  });

  test("keeps what the caller writes exactly when the entry is kept", async () => {
    const { evidence, store } = await open(stateDir());
    const gates = store.table<string, ReturnType<typeof Type.String>>("gates", Type.String());
    const input = recordInput(evidence.trust_domain, 1);
    await expect(evidence.record(input, () => { gates.put("a", "half"); throw new RangeError("no"); })).rejects.toThrow("no");
    expect([gates.get("a"), evidence.logState().size]).toEqual([undefined, 0]);
    await evidence.record(input, ({ proof }) => gates.put("a", proof.manifest_root));
    expect([gates.get("a")?.length, evidence.logState().size]).toEqual([64, 1]);
  });

  test("does not log what its own verifier would refuse: a card that disagrees, a foreign trust domain", async () => {
    const { evidence } = await open(stateDir());
    const input = recordInput(evidence.trust_domain, 1);
    await expect(evidence.record({ ...input, card: { ...input.card, verdict: "admit" } }, nothing)).rejects.toThrow("card.mismatch");
    await expect(evidence.record(recordInput("elsewhere.example", 1), nothing)).rejects.toThrow("signer.domain");
    expect(evidence.logState().size).toBe(0);
  });

  test("a clock set back does not date an entry before an older one", async () => {
    let now = NOW;
    const state = stateDir();
    const { evidence, close } = await open(state, () => now);
    const first = await evidence.record(recordInput(evidence.trust_domain, 1), nothing);
    now = new Date("2026-11-21T00:00:00Z");
    const second = await evidence.record(recordInput(evidence.trust_domain, 2), nothing);
    await close();
    const { evidence: again } = await open(state, () => now);
    const third = await again.record(recordInput(again.trust_domain, 3), nothing);
    const issued = (recorded: Recorded): string => recorded.statement.predicate.attempt.issued_at;
    expect([issued(first), issued(second), issued(third)]).toEqual(Array(3).fill("2026-11-22T10:00:00Z"));
  });

  test("the same findings recorded twice have one core and two bundles", async () => {
    const { evidence } = await open(stateDir());
    const [first, again] = [await evidence.record(recordInput(evidence.trust_domain, 1), nothing), await evidence.record(recordInput(evidence.trust_domain, 1), nothing)];
    expect(again.core_sha256).toBe(first.core_sha256);
    expect(again.proof.bundle_sha256).not.toBe(first.proof.bundle_sha256);
  });

  test("an old receipt can be asked for under the newest checkpoint", async () => {
    const { evidence } = await open(stateDir());
    await evidence.record(recordInput(evidence.trust_domain, 1), nothing);
    await evidence.record(recordInput(evidence.trust_domain, 2), nothing);
    expect(evidence.receiptText(0)).toContain(evidence.logState().checkpoint);
    expect(() => evidence.receiptText(2)).toThrow("entry 2 of a log of 2");
  });
});

test("killed at any moment: the log opens, and no acknowledged verdict is lost", async () => {
  const state = stateDir();
  const script = new URL("testing/recorder.ts", import.meta.url).pathname;
  let acknowledged = 0;
  for (const after of Array.from({ length: times(3) }, (_, i) => [1, 4, 9][i % 3] ?? 1)) {
    const child = Bun.spawn([process.execPath, script, state], { stdout: "pipe", stderr: "pipe" });
    const lines: string[] = [];
    let rest = "";
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + chunk).split("\n");
      rest = parts.pop() ?? "";
      lines.push(...parts);
      if (lines.length > after) child.kill("SIGKILL");
    }
    await child.exited;
    expect(await new Response(child.stderr).text()).toBe("");
    const bundles = lines.slice(1);
    const { evidence, close } = await open(state, () => new Date());
    acknowledged += bundles.length;
    expect(evidence.logState().size).toBeGreaterThanOrEqual(acknowledged);
    for (const line of bundles) {
      const bundle = fromBase64(line.split(" ")[1] ?? "") ?? new Uint8Array();
      expect(verifyBundle(bundle, evidence.trust_bytes, { now: new Date() }).result).toBe("verified");
    }
    acknowledged = evidence.logState().size;
    await close();
  }
  expect(acknowledged).toBeGreaterThanOrEqual(14);
}, times(60_000));
