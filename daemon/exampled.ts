/** How a repository writes, as examples for drafts: read behind the base of an admitted change while no gate runs, and shown to its own tenant alone. */
import { join } from "node:path";
import { type Intake, tenantOf } from "./gate/intakes.ts";
import { Lane } from "./checking/lane.ts";
import type { Host } from "./config/host.ts";
import type { Modelled } from "./modelled.ts";
import type { ExemplarOwner, Exemplars, TextTable } from "./models/exemplars/index.ts";
import type { Vectors } from "./models/vectors/index.ts";
import type { RepositoryStore } from "./platform/git/repository-store.ts";
import type { GitTools } from "./platform/git/runner.ts";
import type { WorkerPool } from "./platform/pool/pool.ts";
import type { State } from "./state.ts";
import { payerName } from "./store/usage.ts";
import type { Principal } from "./tenants/index.ts";

/** Of one reading. */
const COMMITS_MAX = 50;
const HUNKS_MAX = 200;
/** Repositories that wait to be read; of more the one that waited longest is left out until its next admission. */
const WAITING_MAX = 64;
/** Pieces in one prompt: three of the longest are half a small context. */
const SHOWN_MAX = 3;

export interface ExampledDeps {
  readonly host: Host;
  readonly modelled: Pick<Modelled, "serving" | "embedder" | "stored" | "engine_folder" | "onForgotten">;
  readonly state: Pick<State, "store" | "evidence" | "artifacts">;
  readonly state_dir: string;
  readonly git: GitTools;
  readonly pool: WorkerPool;
  readonly repositories: Pick<RepositoryStore, "open">;
  readonly warn: (what: string, error: unknown) => void;
}

export interface Exampled {
  /** A gate begins: whatever is read for examples stops, and is read again later. */
  gateBegins(): void;
  /** A gate has ended; `tip`: the base of a change that was admitted. */
  gateEnded(intake: Pick<Intake, "uid" | "tenant" | "repo_id" | "object_format">, tip: string | null): void;
  /** Of that principal's own repository, the nearest first; none where no model embeds or nothing was read yet. */
  nearest(principal: Pick<Principal, "uid" | "tenant">, repository: string, text: string, signal: AbortSignal): Promise<{ readonly sha256: string; readonly text: string }[]>;
  expire(before_s: number): Promise<void>;
  /** When nothing waits or is read. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

interface Due {
  readonly whose: ExemplarOwner;
  readonly lane: string;
  readonly object_format: Intake["object_format"];
  readonly tip: string;
}

class Opened implements Exampled {
  /** By owner and repository, the newest last. */
  readonly #due = new Map<string, Due>();
  /** What was read of each last: the same tip adds nothing. */
  readonly #read = new Map<string, string>();
  #tables: Promise<{ readonly vectors: Vectors; readonly texts: TextTable }> | null = null;
  #exemplars: { readonly digest: string; readonly opened: Exemplars } | null = null;
  #reading: Promise<void> = Promise.resolve();
  #stop: AbortController | null = null;
  #gates = 0;
  #closed = false;

  constructor(private readonly deps: ExampledDeps) {
    deps.modelled.onForgotten((digest) => this.#forget(digest));
  }

  gateBegins(): void {
    this.#gates += 1;
    this.#stop?.abort();
  }

  gateEnded({ uid, tenant, repo_id: repository, object_format }: Pick<Intake, "uid" | "tenant" | "repo_id" | "object_format">, tip: string | null): void {
    this.#gates -= 1;
    if (this.deps.host.models?.embedding === undefined) return;
    const owner = payerName({ uid, tenant });
    const key = JSON.stringify([owner, repository]);
    if (tip !== null && this.#read.get(key) !== tip) {
      this.#due.delete(key);
      const [longest] = this.#due.keys();
      if (this.#due.size >= WAITING_MAX && longest !== undefined) this.#due.delete(longest);
      this.#due.set(key, { whose: { owner, repository }, lane: tenantOf({ uid, tenant }), object_format, tip });
    }
    this.#go();
  }

  async nearest({ uid, tenant }: Pick<Principal, "uid" | "tenant">, repository: string, text: string, signal: AbortSignal): Promise<{ readonly sha256: string; readonly text: string }[]> {
    try {
      const found = (await (await this.#open())?.nearest({ owner: payerName({ uid, tenant }), repository }, text, SHOWN_MAX, { signal })) ?? [];
      return found.map(({ sha256, text: piece }) => ({ sha256, text: piece }));
    } catch (error) {
      if (signal.aborted) throw error;
      this.deps.warn("a draft was written without examples of its repository", error);
      return [];
    }
  }

  async expire(before_s: number): Promise<void> {
    if (this.#tables === null && !this.deps.state.store.scanner.tables().includes("exemplars.texts")) return;
    const { expireTexts } = await import("./models/exemplars/index.ts");
    const { vectors, texts } = await this.#opened();
    const damage = await expireTexts(this.deps.state.store, texts, before_s);
    if (damage !== null) this.deps.warn("examples of a repository that could not be read went with those past their time", damage);
    await vectors.expire(before_s);
  }

  /** What was made with that model goes: vectors, the index of them, and texts that only they led to. */
  async #forget(digest: string): Promise<void> {
    const tables = this.deps.state.store.scanner.tables();
    if (this.#tables === null && !tables.includes("vectors.spaces") && !tables.includes("exemplars.texts")) return;
    // What is being read would be kept of a model that is gone.
    this.#stop?.abort();
    await this.#reading;
    const [{ vectors, texts }, { forgetTexts }] = await Promise.all([this.#opened(), import("./models/exemplars/index.ts")]);
    await vectors.forget(digest);
    await forgetTexts(this.deps.state.store, texts, vectors);
    if (this.#exemplars?.digest === digest) this.#exemplars = null;
    // Read anew for whatever model comes.
    this.#read.clear();
  }

  async settled(): Promise<void> {
    await this.#reading;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stop?.abort();
    await this.#reading;
    await (await this.#tables)?.vectors.close();
  }

  /** One after the other, and none while a gate runs: the last to end starts them again. */
  #go(): void {
    if (this.#stop !== null || this.#closed || this.#due.size === 0 || this.#gates > 0) return;
    const stop = (this.#stop = new AbortController());
    this.#reading = this.#all(stop.signal).finally(() => {
      this.#stop = null;
      // A gate that began and ended meanwhile found this still stopping.
      this.#go();
    });
  }

  async #all(signal: AbortSignal): Promise<void> {
    for (const [key, due] of this.#due) {
      try {
        if (signal.aborted) return;
        if (await this.#learn(due, signal)) this.#remember(key, due.tip);
      } catch (error) {
        if (signal.aborted) return;
        this.deps.warn("examples of a repository could not be read; its next admitted change tries again", error);
      }
      if (this.#due.get(key) === due) this.#due.delete(key);
    }
  }

  #remember(key: string, tip: string): void {
    if (this.#read.size >= WAITING_MAX) this.#read.clear();
    this.#read.set(key, tip);
  }

  /** Whether it was read: not where the model that embeds is not stored. */
  async #learn({ whose, lane: tenant, object_format, tip }: Due, signal: AbortSignal): Promise<boolean> {
    const { git, pool, repositories, host } = this.deps;
    const exemplars = await this.#open();
    if (exemplars === null) return false;
    const { git_dir } = await repositories.open(whose.repository, object_format);
    const deadline_ms = host.limits.worker.check_deadline_ms;
    await using lane = new Lane(pool, signal, tenant);
    const { hunks } = await lane.run({ kind: "hunks", git: { ...git }, git_dir, object_format, tip, commits_max: COMMITS_MAX, hunks_max: HUNKS_MAX, secret_paths: [...(host.models?.examples_hidden ?? [])], deadline_ms }, deadline_ms);
    // Nobody holds a check process while texts are embedded.
    await lane.rest();
    await exemplars.learn(whose, hunks, signal);
    return true;
  }

  /** Null where the model that is configured is not stored. A model imported anew under the same name is another one. */
  async #open(): Promise<Exemplars | null> {
    const { host, modelled, state } = this.deps;
    const name = host.models?.embedding;
    const record = name === undefined ? null : await modelled.stored(name);
    if (record === null || record.dimensions === undefined) return null;
    if (this.#exemplars?.digest === record.digest) return this.#exemplars.opened;
    const [{ Exemplars: Made }, tables] = await Promise.all([import("./models/exemplars/index.ts"), this.#opened()]);
    const opened = new Made({ store: state.store, ...tables, embed: async (...asked) => (await modelled.embedder()).embed(...asked), model: { digest: record.digest, dimensions: record.dimensions }, now_s: () => state.evidence.now_s() });
    this.#exemplars = { digest: record.digest, opened };
    return opened;
  }

  #opened(): Promise<{ readonly vectors: Vectors; readonly texts: TextTable }> {
    const { host, modelled, state, state_dir, warn } = this.deps;
    return (this.#tables ??= (async () => {
      const [{ Vectors: Made }, { openTextTable }] = await Promise.all([import("./models/vectors/index.ts"), import("./models/exemplars/index.ts")]);
      const vectors = new Made({ store: state.store, folder: join(state_dir, "vectors"), engine_folder: await modelled.engine_folder(), limits: { ...host.limits.worker, ...host.limits.inference }, now_s: () => state.evidence.now_s(), warn });
      return { vectors, texts: openTextTable(state.store) };
    })());
  }
}

export const openExampled = (deps: ExampledDeps): Exampled => new Opened(deps);
