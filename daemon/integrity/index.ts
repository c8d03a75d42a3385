/** The node's care for what it keeps: the check at each start, the scrubber, quotas, garbage and snapshots. */
import { join } from "node:path";
import type { Limits } from "../../proto/config.ts";
import type { Retention } from "../../proto/retention.ts";
import type { IntegrityStatus } from "../../proto/damage.ts";
import type { BackupReply, GcReply } from "../../proto/integrity.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { Evidence } from "../evidence/index.ts";
import type { Clock } from "../platform/clock.ts";
import type { Artifacts } from "../store/artifacts.ts";
import type { Store } from "../store/db.ts";
import type { Gates } from "../store/gates.ts";
import type { LineageEdges } from "../store/lineage-edges.ts";
import type { KeptOutcomeTable } from "../store/reuse.ts";
import type { ModelTable } from "../store/models.ts";
import type { Outbox } from "../store/outbox.ts";
import type { Usage } from "../store/usage.ts";
import type { ReleaseTable } from "../store/releases.ts";
import type { Holds, Tombstones } from "../store/tombstones.ts";
import { verifyRelease } from "../verifier/release.ts";
import { leavingBuilds } from "./build-blobs.ts";
import { alsoLeaving, leavingShipments } from "./shipment-blobs.ts";
import { Expiry, type ExpiryDeps } from "./expiry.ts";
import { collectGarbage } from "./gc.ts";
import { Keeping } from "./keeping.ts";
import { Quota } from "./quota.ts";
import { Scrubber } from "./scrubber.ts";
import { forgetHalfMade, makeSnapshot, releaseSnapshot } from "./snapshot.ts";
import { checkNewest, logKeys } from "./start.ts";
import type { Step } from "./step.ts";
import { walk } from "./walk.ts";

const ANY_TIME = new Date(8.64e15);

export type { Quota } from "./quota.ts";
export { fsck } from "./fsck.ts";

export interface IntegrityDeps {
  readonly state_dir: string;
  readonly store: Store;
  readonly artifacts: Artifacts;
  readonly gates: Gates;
  readonly usage: Usage;
  readonly outbox: Outbox;
  readonly evidence: Evidence;
  readonly clock: Clock;
  readonly limits: Pick<Limits, "integrity" | "intake" | "gate" | "command">;
  /** A daemon that ends when idle is never woken up to scrub. */
  readonly resident: boolean;
  /** Repositories with an open intake. */
  readonly in_use: () => ReadonlySet<string>;
  /** Answers kept for re-use. */
  readonly kept: Pick<KeptOutcomeTable, "referred" | "forget" | "expire" | "forgetGate">;
  readonly models: Pick<ModelTable, "all" | "referred">;
  readonly releases: ReleaseTable;
  readonly tombstones: Tombstones;
  readonly holds: Holds;
  readonly edges: Pick<LineageEdges, "from">;
  readonly history: ExpiryDeps["history"];
  readonly examples: ExpiryDeps["examples"];
  readonly episodes: ExpiryDeps["episodes"];
  readonly config: { readonly retention: Retention };
  /** Of a test, which dies at a step of expiry. */
  readonly step?: (name: string) => void;
  readonly warn: (what: string, error: unknown) => void;
}

export interface Integrity {
  readonly quota: Quota;
  /** How long what is kept stays. */
  readonly keeping: Keeping;
  status(): IntegrityStatus;
  /** Everything that is kept, one thing at a time. */
  steps(): AsyncGenerator<Step, void>;
  /** A gate was answered: a daemon that ends when idle looks at a little of what it keeps. */
  worked(): void;
  gc(apply: boolean): Promise<GcReply>;
  backup(with_keys: boolean): Promise<BackupReply>;
  release(name: string): Promise<boolean>;
  stop(): Promise<void>;
}

/** Checks what the newest evidence rests on, and starts the scrubber where the daemon stays. Damage is said and served around, never hidden. */
export async function openIntegrity(deps: IntegrityDeps): Promise<Integrity> {
  const { state_dir, store, artifacts, gates, usage, evidence, clock, limits, resident } = deps;
  await forgetHalfMade(state_dir);
  // A clock that jumped ahead makes everything look old; log time then stands still, and what came after it looks young.
  const now_ms = (): number => Math.min(clock.now_ms(), evidence.now_s() * 1000);
  const releasedAt = async (digest: string): ReturnType<ExpiryDeps["releasedAt"]> => {
    const bytes = await artifacts.blobs.get(digest);
    const verified = bytes === undefined ? null : verifyRelease(bytes, evidence.trust, ANY_TIME, "later");
    return verified?.result === "verified" ? { made_s: Math.floor(Date.parse(verified.release.at) / 1000), gate_id: verified.release.request.gate_id } : null;
  };
  const { step } = deps;
  const keeping = new Keeping({ ...deps, retention: deps.config.retention, expiry: new Expiry({ ...deps, store: { atomic: (work) => store.freeing(work) }, retention: deps.config.retention, now_ms, releasedAt, builds: async (ask) => alsoLeaving(await leavingBuilds({ artifacts, usage, ...ask }, evidence.trust), await leavingShipments({ artifacts, usage, ...ask }, evidence.trust)), ...(step === undefined ? {} : { step }) }), monotonic_ms: () => clock.monotonic_ms() });
  await keeping.start();
  if (resident) keeping.run();
  const parts = { expired: (name: string) => deps.tombstones.get(name, "personal") !== undefined, state_dir, store, gates, artifacts, outbox: deps.outbox, models: deps.models, holds: deps.holds, log: () => evidence.log.audit(), log_keys: logKeys(evidence.trust), keys: () => evidence.checkKeys() };
  const steps = () => walk(parts);
  const scrubber = new Scrubber({
    walk: steps,
    limits: limits.integrity,
    clock,
    found: ({ area, name, what }) => deps.warn("something kept is damaged; run `maestro fsck`", new MaestroError("store.corrupt", `${area}: ${name}: ${what}`)),
  });
  scrubber.begin(await checkNewest({ expired: parts.expired, gates, artifacts, evidence, start_gates: limits.integrity.start_gates }));
  if (resident) scrubber.run();
  const { intake_idle_ttl_ms, intake_deadline_ms } = limits.intake;
  const age_ms = Math.max(limits.integrity.garbage_age_ms, intake_idle_ttl_ms + intake_deadline_ms + limits.gate.gate_deadline_ms);
  const quota = new Quota({ store, usage, limits: limits.integrity, forget: (payer) => deps.kept.forget(payer) });
  return {
    quota,
    keeping,
    status: () => scrubber.status(),
    steps,
    worked: () => {
      if (resident) return;
      void scrubber.slice();
      keeping.worked();
    },
    gc: (apply) => keeping.alone(async () => {
      const reply = await collectGarbage({ state_dir, artifacts, gates, age_ms, now_ms: now_ms(), in_use: deps.in_use(), kept: function* () {
        yield* deps.kept.referred(evidence.now_s() - limits.command.reuse_age_s);
        yield* deps.models.referred();
      }, apply });
      if (apply) await quota.recount(join(state_dir, "repositories"));
      return reply;
    }),
    backup: (with_keys) => keeping.exporting(() => makeSnapshot({ state_dir, store, artifacts, gates, evidence, now_ms: () => clock.now_ms(), config: deps.config }, with_keys)),
    release: (name) => releaseSnapshot(state_dir, name),
    async stop() {
      await Promise.all([scrubber.stop(), keeping.stop()]);
    },
  };
}
