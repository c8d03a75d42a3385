/** Scenes of the log, its witnesses, and the gates and releases on record. */
import { MaestroError } from "../../../proto/errors.ts";
import type { ReleaseRequest } from "../../../proto/release.ts";
import { createEvidence } from "../../evidence/index.ts";
import { CosignedRows, type Named } from "../../evidence/cosigned/rows.ts";
import { beginLog } from "../../evidence/log/begin.ts";
import { openTables } from "../../evidence/log/tables.ts";
import { finding, outcome } from "../../gate/testing/decide-input.ts";
import { recordGate } from "../../gate/record.ts";
import { recordRelease } from "../../gate/releasing/record.ts";
import { openArtifacts } from "../../store/artifacts.ts";
import { artifactName, openGates } from "../../store/gates.ts";
import { openOutbox } from "../../store/outbox.ts";
import { openReleases } from "../../store/releases.ts";
import { openHolds, openTombstones } from "../../store/tombstones.ts";
import { openUsage } from "../../store/usage.ts";
import { newSigner, recordInput, SAMPLE_IDENTITY } from "../../testing/evidence.ts";
import { noteKey } from "../../verifier/note.ts";
import { STORE_LIMITS, type Scene, type Stage } from "./scene.ts";
import type { Store } from "../../store/db.ts";

const evidenceOf = ({ state_dir, clock }: Stage, store: Store) =>
  createEvidence({ store, state_dir, trust_domain: null, version: "0", clock, time_froze: () => undefined, projection_failed: () => undefined });

const TIMINGS = { total_us: 1, facts_us: 1, checks_us: 1, policy_us: 1, evidence_us: 1, by_check: [] };
const OWNER = { uid: 7, tenant: "web" };

const log: Scene = async (stage) => {
  const store = stage.store();
  const evidence = await evidenceOf(stage, store);
  for (let attempt = 1; attempt <= 3; attempt++) {
    await evidence.record(recordInput(evidence.trust_domain, attempt), () => undefined);
    stage.clock.advance(60_000);
  }
  await evidence.rotateLog("both");
  await evidence.published();
  const signer = newSigner("ed25519");
  const other = stage.store("other");
  const tables = openTables(other);
  const key = { key: noteKey("a.example", signer.key), sign: signer.sign };
  for (const entry of ["first", "second"]) beginLog(other, tables, key, new TextEncoder().encode(entry), 5);
};

const gates: Scene = async (stage) => {
  const store = stage.store();
  const rows = openGates(store);
  const [usage, outbox, releases] = [openUsage(store), openOutbox(store), openReleases(store)];
  openHolds(store);
  const tombstones = openTombstones(store);
  const artifacts = await openArtifacts({ state_dir: stage.state_dir, limits: STORE_LIMITS });
  const evidence = await evidenceOf(stage, store);
  const deps = { evidence, gates: rows, artifacts, outbox, usage };
  const record = (attempt: number) => recordGate(deps, OWNER, waivedInput(evidence.trust_domain, attempt), () => TIMINGS);
  let gate_id = "";
  for (let attempt = 1; attempt <= 3; attempt++) {
    ({ gate_id } = await record(attempt));
    stage.clock.advance(60_000);
  }
  // An attempt that is there already is refused by the table itself.
  await record(1).catch((error: unknown) => {
    if (!(error instanceof MaestroError) || error.code !== "internal.bug") throw error;
  });
  // The newest go, as in an expiry; the next takes neither their numbers nor their places.
  for (const attempt of [3, 2]) {
    const row = rows.get(gate_id, attempt);
    const place = row === undefined ? null : rows.placeOf(row);
    if (row === undefined || place === null) continue;
    store.atomic(() => {
      tombstones.bury({ name: artifactName(gate_id, attempt), class: "evidence", why: "expired", at_s: 9, made_s: 1, digests: [] }, []);
      rows.remove(place, row);
    });
  }
  const last = rows.lastAttempt(gate_id) ?? 0;
  await record(last + 1);
  await recordRelease({ evidence, artifacts, outbox, releases, usage }, releaseOf(gate_id, evidence.trust_domain), { by: "uid", uid: 7 }, "web");
};

/** A gate that meets a waiver, so that it is remembered since when that stands. */
function waivedInput(trust_domain: string, attempt: number): ReturnType<typeof recordInput> {
  const input = recordInput(trust_domain, attempt);
  const waiver = { kind: "inline", state: "accepted", path: { u: "a" }, line: 1, rule: "size.lines", reason: "known", owner: "ada", until: "2027-01-01", because: null } as const;
  return { ...input, outcomes: [...input.outcomes, outcome("waived", { findings: [{ ...finding("size.lines"), waiver }] })] };
}

const NONCE = "a".repeat(26);

function releaseOf(gate_id: string, trust_domain: string): ReleaseRequest {
  const { repo_id, target_ref, head } = SAMPLE_IDENTITY;
  return {
    type: "maestro.release-request", v: 1, kind: "approve", trust_domain, mode: "local", repo_id, target_ref, head, gate_id, attempt: 1,
    reasons: [], person: "ada", reason: "seen", expires: null, second_of: null, nonce: NONCE, answer_until: "2026-01-01T01:00:00Z",
  };
}

const cosigned: Scene = async (stage) => {
  const store = stage.store();
  const evidence = await evidenceOf(stage, store);
  const rows = new CosignedRows<Named>(store, []);
  for (let attempt = 1; attempt <= 2; attempt++) {
    await evidence.record(recordInput(evidence.trust_domain, attempt), () => undefined);
    const { size, checkpoint } = evidence.logState();
    const peer = { entry: { name: "w.example" } } as Named;
    rows.keep({ size, checkpoint }, [{ peer, line: "— w.example", time_s: 1 }]);
  }
};

export const LOG_SCENES = { log, gates, cosigned } satisfies Record<string, Scene>;
