/** Records whose time is over go, at each start before anything is served and every hour after; a kill at any step is finished by the next start. */
import { join } from "node:path";
import { MaestroError } from "../../proto/errors.ts";
import type { Retention, Tombstone } from "../../proto/retention.ts";
import { lookAt } from "../platform/folders.ts";
import type { Artifacts } from "../store/artifacts.ts";
import type { Store } from "../store/db.ts";
import { storeFailure } from "../store/failure.ts";
import { artifactName, type Gates } from "../store/gates.ts";
import type { LineageEdges } from "../store/lineage-edges.ts";
import type { Outbox } from "../store/outbox.ts";
import { releaseArtifactName, type ReleaseTable } from "../store/releases.ts";
import type { KeptOutcomeTable } from "../store/reuse.ts";
import type { Holds, Tombstones } from "../store/tombstones.ts";
import type { Usage } from "../store/usage.ts";
import { type Burial, type Leaving, replyAlone, wholeGate } from "./burials.ts";
import type { LeavingBuilds } from "./build-blobs.ts";
import { BATCH, DueGates, type GateClass } from "./due.ts";
import { artifactOf, eraseOwed } from "./erase.ts";
import { everyKind } from "./every-kind.ts";
import { expireLeftovers, expireSources, removeSnapshots } from "./expiry-files.ts";
import { Age } from "./age.ts";
import { Holding } from "./holding.ts";
import { isOf, reburial, type Reburial } from "./reburials.ts";
import { appendTombstones, readTombstones, TOMBSTONE_FILE, writeTombstones } from "./tombstone-file.ts";

export interface ExpiryDeps {
  readonly state_dir: string;
  readonly store: Pick<Store, "atomic">;
  readonly artifacts: Artifacts;
  readonly gates: Gates;
  readonly releases: ReleaseTable;
  readonly usage: Usage;
  readonly tombstones: Tombstones;
  readonly holds: Holds;
  readonly outbox: Pick<Outbox, "dropSent" | "owed">;
  readonly edges: Pick<LineageEdges, "from">;
  readonly kept: Pick<KeptOutcomeTable, "expire" | "forgetGate">;
  /** What is known of tests that failed. */
  readonly history: { expire(before_s: number): number };
  /** What drafts are shown of a repository. */
  readonly examples: { expire(before_s: number): Promise<void> };
  /** Episodes decided before that time go, with everything made of them; null: none does. Those whose outcome did not come in time are closed. */
  readonly episodes: { sweep(before_ms: number | null): Promise<void> };
  readonly retention: Retention;
  /** Builds whose time is over. */
  readonly builds: (ask: { readonly now_s: number; readonly cutoff_s: number }) => Promise<LeavingBuilds>;
  /** When the release of a bundle was made, and of which gate; null where that cannot be read. */
  readonly releasedAt: (bundle: string) => Promise<{ readonly made_s: number; readonly gate_id: string } | null>;
  /** Never ahead of log time: a clock that jumped makes nothing old. */
  readonly now_ms: () => number;
  readonly in_use: () => ReadonlySet<string>;
  /** Before each step; only a test gives one, which dies there. */
  readonly step?: (name: string) => void;
}

const DAY_S = 86_400;
const KEPT_BATCH = 256;
const OVERDUE_MAX = 1_000;

export class Expiry {
  last_sweep_s: number | null = null;

  private readonly age: Age;
  private readonly holding: Holding;
  private readonly due: DueGates;
  /** The file of tombstones lacks lines that the database has. */
  private file_behind = false;

  constructor(private readonly deps: ExpiryDeps) {
    this.age = new Age({ ...deps, floors: deps.gates.floors });
    this.holding = new Holding(deps);
    this.due = new DueGates({ ...deps, holding: this.holding, now_s: () => this.now_s });
  }

  private step(name: string): void {
    this.deps.step?.(name);
  }

  private get now_s(): number {
    return Math.floor(this.age.now_ms() / 1000);
  }

  private erase(): Promise<number> {
    return eraseOwed({ ...this.deps, step: (name) => this.step(name) });
  }

  /** Before anything is served: what a kill left half done, what a file of tombstones says beyond the database, and what is due. */
  start(): Promise<void> {
    return onDisk(async () => {
      this.age.begin();
      await this.holding.settle();
      await this.erase();
      await this.fromFile();
      await this.sweep();
    });
  }

  /** Everything whose time is over, record by record. */
  sweep(): Promise<void> {
    return onDisk(() => this.sweepAll());
  }

  private async sweepAll(): Promise<void> {
    await this.holding.settle();
    await this.catchUp();
    const files = { state_dir: this.deps.state_dir, retention: this.deps.retention, now_ms: this.age.now_ms(), in_use: this.deps.in_use() };
    // What needs no room on the disk to go comes first.
    await expireLeftovers(files);
    this.age.look();
    await everyKind([
      () => this.sweepGates("evidence"),
      () => this.sweepGates("personal"),
      () => this.sweepReleases(),
      () => this.sweepBuilds(),
      async () => void (this.cache_cutoff_s !== null && this.deps.history.expire(this.cache_cutoff_s)),
      async () => void (this.cache_cutoff_s !== null && (await this.deps.examples.expire(this.cache_cutoff_s))),
      () => this.sweepKept(),
      () => this.sweepEpisodes(),
      async () => this.bury((await expireSources({ ...files, now_ms: this.age.now_ms(), in_use: this.deps.in_use() })).map((tombstone) => ({ tombstone, erasures: [], take: () => undefined }))),
    ]);
    this.last_sweep_s = this.now_s;
  }

  /** Attempts of a gate that an operator wants gone, whatever their age, and answers kept from them. Throws `retention.refused` where it is held, or being written at this moment. */
  async forget(gate_id: string): Promise<number> {
    await onDisk(() => this.holding.settle());
    const { gates, state_dir, outbox, store, kept, tombstones } = this.deps;
    if (this.holding.isHeld(gate_id)) throw new MaestroError("retention.refused", `${gate_id} is held; maestro lineage unhold lets go of it`);
    const leaving = this.placed(gates.attempts(gate_id).map(({ attempt }) => attempt.attempt), gate_id);
    const owed = outbox.owed();
    if (leaving.some(({ row }) => owed.has(artifactName(gate_id, row.attempt.attempt)))) throw new MaestroError("retention.refused", `an attempt of ${gate_id} is being written at this moment; ask again`);
    return onDisk(async () => {
      store.atomic(() => tombstones.owe(kept.forgetGate(gate_id).map((of) => ({ kind: "blob" as const, of }))));
      await this.buryGates("evidence", leaving, "asked");
      await removeSnapshots(state_dir);
      return leaving.length;
    });
  }

  /** How many records of gates are past their time and still here, and files of those that went; counts no further than `OVERDUE_MAX`. */
  overdue(): number {
    let found = Math.min(OVERDUE_MAX, this.deps.tombstones.owed().length);
    for (const of of ["evidence", "personal"] as const) for (const _ of this.due.of(of)) if (++found >= OVERDUE_MAX) return found;
    return found;
  }

  /** Nothing of a held gate goes; what is let go of goes with the next sweep. On disk when it resolves. Throws `request.not_found` where it went before the hold came. */
  hold(gate_id: string, reason: string | null): Promise<void> {
    return onDisk(() => this.holding.hold(gate_id, reason, this.now_s));
  }

  /** Whether a gate that is held rests on this release. */
  private holdsOn(name: string): boolean {
    return this.deps.edges.from(name).some(({ to }) => this.holding.isHeld(gateOf(to) ?? ""));
  }

  private async sweepGates(of: GateClass): Promise<void> {
    const seen = { next: 0 };
    let batch: Leaving[] = [];
    for (const each of this.due.of(of, seen)) {
      batch.push(each);
      if (batch.length < BATCH) continue;
      await this.buryGates(of, batch, "expired");
      batch = [];
    }
    await this.buryGates(of, batch, "expired");
    this.due.lookedUpTo(of, seen.next);
  }

  private async buryGates(of: GateClass, leaving: readonly Leaving[], why: Tombstone["why"], at_s = this.now_s, append = true): Promise<void> {
    const burials: Burial[] = [];
    for (const each of leaving) burials.push(await (of === "evidence" ? wholeGate : replyAlone)(this.deps, each, why, at_s));
    await this.bury(burials, append);
  }

  /** What a full disk or a lost right has left half done since the start. */
  private async catchUp(): Promise<void> {
    const { state_dir, tombstones } = this.deps;
    await this.erase();
    if (!this.file_behind) return;
    await writeTombstones(state_dir, tombstones.all());
    this.file_behind = false;
  }

  /** One transaction, then the file, then the files of the records, which make room even where the file has none; what the file lacks then is said, and written by the next sweep. `append`: the file has no line of them yet. */
  private async bury(burials: readonly Burial[], append = true): Promise<void> {
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
    let unwritten: unknown = null;
    try {
      if (append) await appendTombstones(state_dir, burials.map(({ tombstone }) => tombstone));
    } catch (error) {
      this.file_behind = true;
      unwritten = error;
    }
    await this.erase();
    if (unwritten !== null) throw unwritten;
  }

  private async sweepReleases(): Promise<void> {
    const { releases, artifacts, releasedAt } = this.deps;
    const cutoff = this.due.cutoff("evidence");
    if (cutoff === null) return;
    for (const { key, row } of [...releases.all()]) {
      const released = await releasedAt(row.bundle);
      if (released === null || released.made_s > cutoff) continue;
      const { made_s, gate_id } = released;
      const name = releaseArtifactName(row.statement_sha256);
      if (this.holding.isHeld(gate_id) || this.holdsOn(name)) continue;
      const artifact = await artifactOf(artifacts, name);
      const manifest = artifact === undefined ? [] : [{ kind: "blob" as const, of: artifact.descriptor.digest }];
      const tombstone: Tombstone = { name, class: "evidence", why: "expired", at_s: this.now_s, made_s, digests: [{ kind: "statement", sha256: row.statement_sha256 }], log_index: row.log_index };
      await this.bury([{ tombstone, erasures: [{ kind: "name", of: name }, { kind: "blob", of: row.bundle }, ...manifest], take: () => releases.remove(key) }]);
    }
  }

  private async sweepBuilds(): Promise<void> {
    const cutoff_s = this.due.cutoff("evidence");
    if (cutoff_s === null) return;
    const { burials, rest } = await this.deps.builds({ now_s: this.now_s, cutoff_s });
    await this.bury(burials);
    await rest();
  }

  /** Null: nothing of caches goes. */
  private get cache_cutoff_s(): number | null {
    const { cache_days } = this.deps.retention;
    return cache_days === 0 ? null : Math.max(0, this.now_s - cache_days * DAY_S);
  }

  private async sweepKept(): Promise<void> {
    const { store, tombstones, kept } = this.deps;
    const cutoff_s = this.cache_cutoff_s;
    if (cutoff_s === null) return;
    for (let more = true; more; ) {
      let found = false;
      store.atomic(() => {
        const expired = kept.expire(cutoff_s, KEPT_BATCH);
        tombstones.owe(expired.blobs.map((of) => ({ kind: "blob" as const, of })));
        more = expired.more;
        found = expired.blobs.length > 0;
      });
      if (found) await this.erase();
    }
  }

  /** No tombstone: nothing else rests on an episode. */
  private async sweepEpisodes(): Promise<void> {
    const { episodes, retention: { episodes_days } } = this.deps;
    await episodes.sweep(episodes_days === 0 ? null : Math.max(0, this.age.unheld_ms() - episodes_days * DAY_S * 1000));
  }

  private placed(attempts: readonly number[], gate_id: string): Leaving[] {
    const rows = new Map(attempts.map((attempt) => [attempt, this.deps.gates.get(gate_id, attempt)]));
    return [...rows.values()].flatMap((row) => {
      const place = row === undefined ? null : this.deps.gates.placeOf(row);
      return row === undefined || place === null ? [] : [{ place, row }];
    });
  }

  /** What a newer database had buried goes again. A line about another record than the one that stands here is dropped. */
  private async fromFile(): Promise<void> {
    const { state_dir, tombstones, gates, artifacts } = this.deps;
    const path = join(state_dir, TOMBSTONE_FILE);
    const found = await readTombstones(path);
    const others: Reburial[] = [];
    for (const each of found.filter(({ name, class: of }) => tombstones.get(name, of) === undefined)) {
      const { name, class: of, gate_id, attempt, why, at_s } = each;
      const row = gate_id === undefined || attempt === undefined || artifactName(gate_id, attempt) !== name ? undefined : gates.get(gate_id, attempt);
      if (row === undefined) others.push(await reburial(this.deps, each));
      else if (isOf(each, row) && (of === "evidence" || of === "personal")) await this.buryGates(of, this.placed([row.attempt.attempt], row.gate_id), why, at_s, false);
    }
    for (let at = 0; at < others.length; at += KEPT_BATCH) await this.bury(others.slice(at, at + KEPT_BATCH), false);
    const loose = new Set(others.flatMap((one) => one.loose ?? []));
    const referred = loose.size === 0 ? loose : await artifacts.references();
    for (const digest of loose) if (!referred.has(digest)) artifacts.blobs.remove(digest, Number.POSITIVE_INFINITY);
    const lines = (await lookAt(path)) === null ? 0 : new Set(found.map(({ name, class: of }) => `${name} ${of}`)).size;
    if (lines !== tombstones.count()) await writeTombstones(state_dir, tombstones.all());
  }
}

/** The gate of an artifact's name. */
function gateOf(name: string): string | null {
  const [, id] = /^gate-([a-z2-7]+)-\d+$/.exec(name) ?? [];
  return id === undefined ? null : `gate:${id}`;
}

/** What the file system refuses is no bug: a full disk or a foreign owner's folder is said, and the daemon goes on. */
async function onDisk<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof Error && "syscall" in error ? storeFailure(error, "remove what is past its time") : error;
  }
}
