/** Records whose time is over go, at each start before anything is served and every hour after; a kill at any step is finished by the next start. */
import { join } from "node:path";
import { MaestroError } from "../../proto/errors.ts";
import type { Retention, RetentionClass, Tombstone } from "../../proto/retention.ts";
import { lookAt } from "../platform/folders.ts";
import type { Artifacts } from "../store/artifacts.ts";
import type { Store } from "../store/db.ts";
import { artifactName, EVIDENCE_DONE, type Gates, PERSONAL_DONE } from "../store/gates.ts";
import type { Outbox } from "../store/outbox.ts";
import { releaseArtifactName, type ReleaseTable } from "../store/releases.ts";
import type { KeptOutcomeTable } from "../store/reuse.ts";
import type { Holds, Tombstones } from "../store/tombstones.ts";
import type { Usage } from "../store/usage.ts";
import { type Burial, type Leaving, madeAt, replyAlone, wholeGate } from "./burials.ts";
import type { LeavingBuilds } from "./build-blobs.ts";
import { artifactOf, eraseOwed } from "./erase.ts";
import { expireLeftovers, expireSources, removeSnapshots } from "./expiry-files.ts";
import { appendTombstones, readTombstones, TOMBSTONE_FILE, writeTombstones } from "./tombstone-file.ts";

export interface ExpiryDeps {
  readonly state_dir: string;
  readonly store: Store;
  readonly artifacts: Artifacts;
  readonly gates: Gates;
  readonly releases: ReleaseTable;
  readonly usage: Usage;
  readonly tombstones: Tombstones;
  readonly holds: Holds;
  readonly outbox: Pick<Outbox, "dropSent">;
  readonly kept: Pick<KeptOutcomeTable, "expire">;
  readonly retention: Retention;
  /** Builds whose time is over. */
  readonly builds: (ask: { readonly now_s: number; readonly cutoff_s: number }) => Promise<LeavingBuilds>;
  /** When the release of a bundle was made; null where that cannot be read. */
  readonly releasedAt: (bundle: string) => Promise<number | null>;
  /** Never ahead of log time: a clock that jumped makes nothing old. */
  readonly now_ms: () => number;
  readonly in_use: () => ReadonlySet<string>;
  /** Before each step; only a test gives one, which dies there. */
  readonly step?: (name: string) => void;
}

const DAY_S = 86_400;
/** Gates of one transaction: short enough that nobody waits. */
const BATCH = 32;
const KEPT_BATCH = 256;
const OVERDUE_MAX = 1_000;

type GateClass = Extract<RetentionClass, "evidence" | "personal">;
const DONE: Readonly<Record<GateClass, string>> = { evidence: EVIDENCE_DONE, personal: PERSONAL_DONE };

export class Expiry {
  last_sweep_s: number | null = null;

  constructor(private readonly deps: ExpiryDeps) {}

  private step(name: string): void {
    this.deps.step?.(name);
  }

  private get now_s(): number {
    return Math.floor(this.deps.now_ms() / 1000);
  }

  private erase(): Promise<number> {
    return eraseOwed({ ...this.deps, step: (name) => this.step(name) });
  }

  /** Before anything is served: what a kill left half done, what a file of tombstones says beyond the database, and what is due. */
  async start(): Promise<void> {
    await this.erase();
    await this.fromFile();
    await this.sweep();
  }

  /** Everything whose time is over, record by record. */
  async sweep(): Promise<void> {
    for (const of of ["evidence", "personal"] as const) await this.sweepGates(of);
    await this.sweepReleases();
    const cutoff_s = this.cutoff("evidence");
    if (cutoff_s !== null) await this.sweepBuilds(cutoff_s);
    await this.sweepKept();
    const files = { state_dir: this.deps.state_dir, retention: this.deps.retention, now_ms: this.deps.now_ms(), in_use: this.deps.in_use() };
    await this.bury((await expireSources(files)).map((tombstone) => ({ tombstone, erasures: [], take: () => undefined })));
    await expireLeftovers(files);
    this.last_sweep_s = this.now_s;
  }

  /** Attempts of a gate that an operator wants gone, whatever their age. Throws `retention.refused` where it is held. */
  async forget(gate_id: string): Promise<number> {
    const { gates, holds, state_dir } = this.deps;
    if (holds.get(gate_id) !== undefined) throw new MaestroError("retention.refused", `${gate_id} is held; maestro lineage unhold lets go of it`);
    const leaving = this.placed(gates.attempts(gate_id).map(({ attempt }) => attempt.attempt), gate_id);
    await this.buryGates("evidence", leaving, "asked");
    await removeSnapshots(state_dir);
    return leaving.length;
  }

  /** How many records of gates are past their time and still here; counts no further than `OVERDUE_MAX`. */
  overdue(): number {
    let found = 0;
    for (const of of ["evidence", "personal"] as const) for (const _ of this.due(of)) if (++found >= OVERDUE_MAX) return found;
    return found;
  }

  /** Nothing of a held gate goes; what is let go of goes with the next sweep. */
  hold(gate_id: string, reason: string | null): void {
    const { store, holds, gates } = this.deps;
    store.atomic(() => {
      holds.set(gate_id, reason === null ? null : { at_s: this.now_s, reason });
      // Expiry has passed by what was held.
      for (const done of reason === null ? Object.values(DONE) : []) gates.floors.forget(done);
    });
  }

  private cutoff(of: GateClass): number | null {
    const days = this.deps.retention[`${of}_days`];
    return days === 0 ? null : this.now_s - days * DAY_S;
  }

  private isHeld(gate_id: string): boolean {
    return this.deps.holds.get(gate_id) !== undefined;
  }

  /** Records that are due; `seen.next` is from where to look the next time. Rows stand in the order of time, except after a repair: then all of them are looked at once. */
  private *due(of: GateClass, seen = { next: 0 }): Generator<Leaving, void> {
    const { gates, tombstones } = this.deps;
    const cutoff = this.cutoff(of);
    if (cutoff === null) return;
    const done = gates.floors.next(DONE[of]);
    const whole = done === 0;
    let first_kept: number | null = null;
    let place = whole ? -1 : done - 2;
    for (let rows = gates.after(place, BATCH); rows.length > 0; rows = gates.after(place, BATCH)) {
      for (const each of rows) {
        place = each.place;
        const { gate_id, attempt } = each.row;
        if (madeAt(each.row) > cutoff) {
          first_kept ??= place;
          if (!whole) return void (seen.next = first_kept + 1);
        } else if (!this.isHeld(gate_id) && (of === "evidence" || tombstones.get(artifactName(gate_id, attempt.attempt), of) === undefined)) yield each;
      }
    }
    seen.next = (first_kept ?? place + 1) + 1;
  }

  private async sweepGates(of: GateClass): Promise<void> {
    const { gates, store } = this.deps;
    const seen = { next: 0 };
    let batch: Leaving[] = [];
    for (const each of this.due(of, seen)) {
      batch.push(each);
      if (batch.length < BATCH) continue;
      await this.buryGates(of, batch, "expired");
      batch = [];
    }
    await this.buryGates(of, batch, "expired");
    if (seen.next > gates.floors.next(DONE[of])) store.atomic(() => gates.floors.raise(DONE[of], seen.next));
  }

  private async buryGates(of: GateClass, leaving: readonly Leaving[], why: Tombstone["why"], at_s = this.now_s): Promise<void> {
    const burials: Burial[] = [];
    for (const each of leaving) burials.push(await (of === "evidence" ? wholeGate : replyAlone)(this.deps, each, why, at_s));
    await this.bury(burials);
  }

  /** One transaction, then the file, then the files of the records. */
  private async bury(burials: readonly Burial[]): Promise<void> {
    const { store, tombstones, state_dir, outbox } = this.deps;
    if (burials.length === 0) return;
    this.step("rows");
    store.atomic(() => {
      // What is promised once more at the next start would be back then.
      outbox.dropSent();
      for (const { tombstone, erasures, take } of burials) {
        tombstones.bury(tombstone, erasures);
        take();
      }
    });
    this.step("file");
    await appendTombstones(state_dir, burials.map(({ tombstone }) => tombstone));
    await this.erase();
  }

  private async sweepReleases(): Promise<void> {
    const { releases, artifacts, releasedAt } = this.deps;
    const cutoff = this.cutoff("evidence");
    if (cutoff === null) return;
    for (const { key, row } of [...releases.all()]) {
      const made_s = await releasedAt(row.bundle);
      if (made_s === null || made_s > cutoff) continue;
      const name = releaseArtifactName(row.statement_sha256);
      const artifact = await artifactOf(artifacts, name);
      const manifest = artifact === undefined ? [] : [{ kind: "blob" as const, of: artifact.descriptor.digest }];
      const tombstone: Tombstone = { name, class: "evidence", why: "expired", at_s: this.now_s, made_s, digests: [{ kind: "statement", sha256: row.statement_sha256 }], log_index: row.log_index };
      await this.bury([{ tombstone, erasures: [{ kind: "name", of: name }, { kind: "blob", of: row.bundle }, ...manifest], take: () => releases.remove(key) }]);
    }
  }

  private async sweepBuilds(cutoff_s: number): Promise<void> {
    const { burials, rest } = await this.deps.builds({ now_s: this.now_s, cutoff_s });
    await this.bury(burials);
    await rest();
  }

  private async sweepKept(): Promise<void> {
    const { store, tombstones, kept, retention: { cache_days } } = this.deps;
    if (cache_days === 0) return;
    for (let more = true; more; ) {
      let found = false;
      store.atomic(() => {
        const expired = kept.expire(Math.max(0, this.now_s - cache_days * DAY_S), KEPT_BATCH);
        tombstones.owe(expired.blobs.map((of) => ({ kind: "blob" as const, of })));
        more = expired.more;
        found = expired.blobs.length > 0;
      });
      if (found) await this.erase();
    }
  }

  private placed(attempts: readonly number[], gate_id: string): Leaving[] {
    const rows = new Map(attempts.map((attempt) => [attempt, this.deps.gates.get(gate_id, attempt)]));
    return [...rows.values()].flatMap((row) => {
      const place = row === undefined ? null : this.deps.gates.placeOf(row);
      return row === undefined || place === null ? [] : [{ place, row }];
    });
  }

  /** Tombstones of a newer time than this database: a backup from before was restored, and what had gone goes again. */
  private async fromFile(): Promise<void> {
    const { state_dir, tombstones, store } = this.deps;
    const path = join(state_dir, TOMBSTONE_FILE);
    const found = await readTombstones(path);
    const unknown = found.filter(({ name, class: of }) => tombstones.get(name, of) === undefined);
    for (const each of unknown) {
      const { gate_id, attempt, class: of } = each;
      const leaving = gate_id === undefined || attempt === undefined ? [] : this.placed([attempt], gate_id);
      if (leaving.length > 0 && (of === "evidence" || of === "personal")) await this.buryGates(of, leaving, each.why, each.at_s);
      else store.atomic(() => tombstones.bury(each, each.class === "evidence" ? [{ kind: "name", of: each.name }, ...each.digests.map(({ sha256 }) => ({ kind: "blob" as const, of: `sha256:${sha256}` }))] : []));
    }
    if (unknown.length > 0) await this.erase();
    const lines = (await lookAt(path)) === null ? 0 : new Set(found.map(({ name, class: of }) => `${name} ${of}`)).size;
    if (lines !== tombstones.count()) await writeTombstones(state_dir, tombstones.all());
  }
}
