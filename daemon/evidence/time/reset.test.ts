import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { TIME_RESET_PREDICATE } from "../../../proto/attestation.ts";
import { StoreLimits } from "../../../proto/config.ts";
import { fromBase64, fromUtf8, toHex } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { openStore, type Store } from "../../store/db.ts";
import { FakeClock } from "../../testing/clock.ts";
import { recordInput } from "../../testing/evidence.ts";
import { logEntryBody, preAuthEncoding } from "../../verifier/dsse.ts";
import { parseVerifierKey } from "../../verifier/note.ts";
import { verifyTlogProof } from "../../verifier/tlog-proof.ts";
import { openTrust } from "../../verifier/trust.ts";
import { createEvidence, type Evidence } from "../index.ts";

const HOUR_MS = 3_600_000;
const folder = mkdtempSync(join(tmpdir(), "maestro-time-"));
let open: { evidence: Evidence; store: Store } | null = null;

async function restart(clock: FakeClock, froze: number[] = []): Promise<Evidence> {
  await close();
  const fatal = (reason: unknown): never => {
    throw reason;
  };
  const store = openStore({ state_dir: folder, limits: Value.Create(StoreLimits), fatal });
  const evidence = await createEvidence({ store, state_dir: folder, trust_domain: null, version: "0.0.0", clock, time_froze: (step_ms) => froze.push(step_ms), projection_failed: fatal });
  open = { evidence, store };
  return evidence;
}

async function close(): Promise<void> {
  await open?.evidence.published();
  await open?.store.close();
  open = null;
}

afterEach(async () => {
  await close();
  rmSync(folder, { recursive: true, force: true });
});

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  const thrown: unknown = await work.then(() => null, (error: unknown) => error);
  return thrown instanceof MaestroError ? thrown.code : String(thrown);
};
const nothing = (): void => undefined;
const issued = async (evidence: Evidence, attempt: number): Promise<number> => {
  const { statement } = await evidence.record(recordInput(evidence.trust_domain, attempt), nothing);
  return Date.parse(statement.predicate.attempt.issued_at);
};

test("a forward step freezes log time through restart and reboot, until a signed and logged reset", async () => {
  const clock = new FakeClock();
  const froze: number[] = [];
  let evidence = await restart(clock, froze);
  const first_ms = await issued(evidence, 1);
  clock.advance(60_000);
  clock.setWall(clock.now_ms() + 48 * HOUR_MS);
  const frozen_ms = await issued(evidence, 2);
  expect([frozen_ms - first_ms, froze]).toEqual([60_000, [48 * HOUR_MS]]);

  evidence = await restart(clock);
  clock.advance(5_000);
  expect([await issued(evidence, 3), evidence.frozen()]).toEqual([frozen_ms, { time_s: frozen_ms / 1000, step_ms: 48 * HOUR_MS }]);
  clock.reboot();
  evidence = await restart(clock);
  expect(await issued(evidence, 4)).toBe(frozen_ms);

  // While the clock is still wrong, a word of the operator that disagrees with it changes nothing.
  const kept: Uint8Array[] = [];
  const keep = async (bytes: Uint8Array): Promise<void> => void kept.push(bytes);
  const reset = { operator_uid: 7, reason: "the battery of the clock was changed" };
  expect(await codeOf(evidence.resetTime({ ...reset, accept_s: Math.floor(first_ms / 1000) + 120 }, keep))).toBe("time.reset");
  expect([kept.length, evidence.logState().size]).toEqual([0, 4]);

  clock.setWall(first_ms + 10 * 60_000);
  const before = evidence.logState();
  const done = await evidence.resetTime({ ...reset, accept_s: Math.floor(clock.now_ms() / 1000) + 90 }, keep);
  expect(done).toEqual({ log_index: 4, time_s: clock.now_ms() / 1000 });
  const envelope = JSON.parse(fromUtf8(kept[0]!)!) as { payload: string; signatures: { sig: string; keyid: string }[] };
  const payload = fromBase64(envelope.payload)!;
  expect(JSON.parse(fromUtf8(payload)!)).toMatchObject({
    subject: [{ name: before.origin, digest: { sha256: toHex(before.root) } }],
    predicateType: TIME_RESET_PREDICATE,
    predicate: { step_s: 48 * 3_600, ...reset },
  });
  // The log commits to exactly this signature of exactly this payload, by a key that the trust file allows to say so.
  const opened = openTrust(evidence.trust_bytes);
  const signer = opened.ok ? opened.value.entries.find(({ entry }) => entry.fingerprint === envelope.signatures[0]?.keyid) : undefined;
  expect(signer?.entry.predicate_types).toContain(TIME_RESET_PREDICATE);
  const entry = logEntryBody(preAuthEncoding(payload), fromBase64(envelope.signatures[0]!.sig)!, fromBase64(signer!.entry.public_key)!);
  await evidence.published();
  const log = parseVerifierKey(readFileSync(join(folder, "log/log.vkey"), "utf8").trim())!;
  expect(verifyTlogProof(evidence.receiptText(4), entry, log).ok).toBe(true);

  clock.advance(1_000);
  expect([await issued(evidence, 5), evidence.frozen()]).toEqual([clock.now_ms(), null]);
  expect(await codeOf(evidence.resetTime({ ...reset, accept_s: Math.floor(clock.now_ms() / 1000) }, keep))).toBe("time.reset");
});

test("a reset whose envelope could not be kept is not logged and thaws nothing", async () => {
  const clock = new FakeClock();
  const evidence = await restart(clock);
  clock.setWall(clock.now_ms() + 2 * HOUR_MS);
  const full = new MaestroError("store.no_space", "no room");
  expect(await codeOf(evidence.resetTime({ accept_s: clock.now_ms() / 1000, operator_uid: 0, reason: "moved" }, () => Promise.reject(full)))).toBe("store.no_space");
  expect([evidence.logState().size, evidence.frozen()?.step_ms]).toEqual([0, 2 * HOUR_MS]);
});

test("a clock that was set back dates nothing before the newest entry, and does not revive what expired", async () => {
  const clock = new FakeClock();
  const evidence = await restart(clock);
  clock.advance(HOUR_MS);
  const newest_ms = await issued(evidence, 1);
  clock.setWall(newest_ms - 30 * HOUR_MS);
  expect([await issued(evidence, 2), evidence.now_s() * 1000]).toEqual([newest_ms, newest_ms]);
});
