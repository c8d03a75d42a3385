/** Outcomes of checks by what they were read from. A cache: whoever loses it asks again. */
import { Type, type Static } from "@sinclair/typebox";
import { createHash } from "node:crypto";
import { Outcome, Reused } from "../../proto/outcome.ts";
import { Closed, Count, Sha256Hex } from "../../proto/scalar.ts";
import type { CommandLimits } from "../../proto/config.ts";
import type { Store } from "./db.ts";
import type { Table } from "./table.ts";
import type { Usage } from "./usage.ts";

const Digest = Type.String({ pattern: "^sha256:[0-9a-f]{64}$" });

/** A file that a command left, wanted again where its answer is. */
const KeptReport = Closed({ path: Type.String({ maxLength: 512 }), report: Type.Union([Digest, Closed({ absent: Type.String() })]) });

/** Whose, and where: what is kept beside the database is bounded by both. */
const Owner = Closed({ payer: Type.String({ maxLength: 128 }), repo: Sha256Hex });

const KeptOutcome = Closed({
  at_s: Count,
  /** Where the check was asked. */
  asked: Reused,
  /** Digest of each part of the facts that it read; of a command, of its tool chain. */
  reads: Type.Record(Type.String(), Sha256Hex),
  /** A digest where it is too large for a value: the blob holds it as JSON. */
  outcome: Type.Union([Outcome, Digest]),
  /** What asking took, in microseconds. */
  took_us: Type.Optional(Count),
  reports: Type.Optional(Type.Array(KeptReport, { maxItems: 8 })),
  /** Of all blobs of this entry together; absent: it has none. */
  blobs: Type.Optional(Closed({ owner: Owner, bytes: Count })),
});
export type KeptOutcome = Static<typeof KeptOutcome>;
export type KeptReport = Static<typeof KeptReport>;

const Place = Closed({ key: Sha256Hex });
const Bytes = Closed({ bytes: Count });

/** With `value_bytes_max` of 2 KiB about 20 MB on the disk. */
const ENTRIES_MAX = 10_000;
/** Of those past their age, by each that comes: more go than come. */
const ENDED_AT_ONCE = 64;
/** Below the limit of a value, with room for what seals it. */
const ENTRY_CHARACTERS_MAX = 1_600;

export interface KeptOutcomeTable {
  get(key: string): KeptOutcome | undefined;
  /** One transaction for all of them; the oldest go. An entry too large for a value is left out. */
  put(entries: readonly { readonly key: string; readonly kept: KeptOutcome }[]): void;
  /** Blobs that somebody may still want, of what was kept since then; gc leaves them. */
  referred(since_s: number): Generator<string, void>;
  /** Of one tenant, or of all, whatever lies in blobs: what is only kept to save time stands in nobody's way. */
  forget(payer: string | null): void;
  /** Inside `Store.atomic`: up to `limit` entries from before `before_s` go; their blobs that nobody else refers to, and whether there may be more. */
  expire(before_s: number, limit: number): { readonly blobs: readonly string[]; readonly more: boolean };
  /** Inside `Store.atomic`: what a gate asked goes; blobs that nobody else refers to. */
  forgetGate(gate_id: string): readonly string[];
  count(): number;
}

export interface KeptOutcomeDeps {
  readonly store: Store;
  /** Where bytes beside the database are counted against a tenant. */
  readonly usage: Pick<Usage, "kept">;
  readonly limits: Pick<CommandLimits, "reuse_repository_bytes_max" | "reuse_tenant_bytes_max" | "reuse_age_s">;
  readonly entries_max?: number;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
export const ownerOf = (payer: string, repo_id: string): Static<typeof Owner> => ({ payer, repo: sha256(repo_id) });

/** Repositories of one tenant are bounded apart from those of another under the same name: nobody pushes out what is somebody else's. */
const scopesOf = ({ payer, repo }: Static<typeof Owner>) => ({ tenant: sha256(`tenant\0${payer}`), repository: sha256(`repository\0${payer}\0${repo}`) });

const blobsOf = ({ outcome, reports = [] }: { readonly outcome: unknown; readonly reports?: KeptOutcome["reports"] }): string[] => [...(typeof outcome === "string" ? [outcome] : []), ...reports.flatMap(({ report }) => (typeof report === "string" ? [report] : []))];

/** Entries with blobs, by whom they are counted against, oldest first. */
class Large {
  private readonly order: Table<readonly [string, number, string], Static<typeof Place>>;
  private readonly repositories: Table<string, Static<typeof Bytes>>;

  constructor(private readonly deps: KeptOutcomeDeps) {
    this.order = deps.store.table<readonly [string, number, string], typeof Place>("kept_outcomes_large", Place);
    this.repositories = deps.store.table<string, typeof Bytes>("kept_outcomes_bytes", Bytes);
  }

  fits(bytes: number): boolean {
    const { reuse_repository_bytes_max, reuse_tenant_bytes_max } = this.deps.limits;
    return bytes <= Math.min(reuse_repository_bytes_max, reuse_tenant_bytes_max);
  }

  add(key: string, { at_s, blobs }: KeptOutcome): void {
    if (blobs === undefined) return;
    const scopes = scopesOf(blobs.owner);
    for (const scope of [scopes.tenant, scopes.repository]) this.order.put([scope, at_s, key], { key });
    this.move(blobs.owner, blobs.bytes);
  }

  remove(key: string, { at_s, blobs }: KeptOutcome): void {
    if (blobs === undefined) return;
    const scopes = scopesOf(blobs.owner);
    for (const scope of [scopes.tenant, scopes.repository]) this.order.remove([scope, at_s, key]);
    this.move(blobs.owner, -blobs.bytes);
  }

  /** Takes the oldest entry of whoever has too much off the list and names it, or null. */
  over({ blobs }: KeptOutcome): string | null {
    if (blobs === undefined) return null;
    const { limits, usage } = this.deps;
    const scopes = scopesOf(blobs.owner);
    const repository = (this.repositories.get(scopes.repository)?.bytes ?? 0) > limits.reuse_repository_bytes_max;
    const tenant = (usage.kept.get(blobs.owner.payer)?.bytes ?? 0) > limits.reuse_tenant_bytes_max;
    if (!repository && !tenant) return null;
    const scope = repository ? scopes.repository : scopes.tenant;
    const [first] = [...this.order.entries({ start: [scope, 0, ""], end: [scope, Number.MAX_SAFE_INTEGER, ""], limit: 1 })];
    if (first === undefined) return null;
    this.order.remove(first.key);
    return first.value.key;
  }

  keysOf(payer: string): string[] {
    const { tenant } = scopesOf(ownerOf(payer, ""));
    return [...this.order.entries({ start: [tenant, 0, ""], end: [tenant, Number.MAX_SAFE_INTEGER, ""] })].map(({ value }) => value.key);
  }

  private move(owner: Static<typeof Owner>, by: number): void {
    const { repository } = scopesOf(owner);
    const { kept } = this.deps.usage;
    this.repositories.put(repository, { bytes: Math.max(0, (this.repositories.get(repository)?.bytes ?? 0) + by) });
    kept.put(owner.payer, { bytes: Math.max(0, (kept.get(owner.payer)?.bytes ?? 0) + by) });
  }
}

export function openKeptOutcomes(deps: KeptOutcomeDeps): KeptOutcomeTable {
  const { store, entries_max = ENTRIES_MAX } = deps;
  const rows = store.table<string, typeof KeptOutcome>("kept_outcomes", KeptOutcome);
  const order = store.table<readonly [number, string], typeof Place>("kept_outcomes_order", Place);
  const large = new Large(deps);
  const drop = (key: string): void => {
    const old = rows.get(key);
    if (old === undefined) return;
    large.remove(key, old);
    order.remove([old.at_s, key]);
    rows.remove(key);
  };
  /** Blobs that nobody refers to afterwards. */
  const dropAll = (keys: readonly string[]): readonly string[] => {
    const blobs = new Set(keys.flatMap((key) => blobsOf(rows.get(key) ?? { outcome: null, reports: [] })));
    keys.forEach(drop);
    if (blobs.size > 0) for (const { value } of rows.entries()) blobsOf(value).forEach((digest) => blobs.delete(digest));
    return [...blobs];
  };
  const add = (key: string, kept: KeptOutcome): void => {
    drop(key);
    rows.put(key, kept);
    order.put([kept.at_s, key], { key });
    large.add(key, kept);
    for (let oldest = large.over(kept); oldest !== null; oldest = large.over(kept)) drop(oldest);
  };
  return {
    get: (key) => rows.get(key),
    put(entries) {
      const fitting = entries.filter(({ kept }) => Buffer.byteLength(JSON.stringify(kept)) <= ENTRY_CHARACTERS_MAX && large.fits(kept.blobs?.bytes ?? 0));
      if (fitting.length === 0) return;
      store.atomic(() => {
        for (const { key, kept } of fitting) add(key, kept);
        const over = rows.count() - entries_max;
        const ended_s = Math.max(0, Math.max(...fitting.map(({ kept }) => kept.at_s)) - deps.limits.reuse_age_s);
        const leaving = [...(over > 0 ? order.entries({ limit: over }) : []), ...order.entries({ start: [0, ""], end: [ended_s, ""], limit: ENDED_AT_ONCE })];
        for (const { key, value } of leaving) {
          drop(value.key);
          order.remove(key);
        }
      });
    },
    *referred(since_s) {
      for (const { value } of rows.entries()) if (value.at_s >= since_s) yield* blobsOf(value);
    },
    forget(payer) {
      store.atomic(() => {
        for (const one of payer === null ? [...deps.usage.kept.entries()].map(({ key }) => key) : [payer]) large.keysOf(one).forEach(drop);
      });
    },
    expire(before_s, limit) {
      const leaving = [...order.entries({ start: [0, ""], end: [before_s, ""], limit })];
      const blobs = dropAll(leaving.map(({ value }) => value.key));
      for (const { key } of leaving) order.remove(key);
      return { blobs, more: leaving.length === limit };
    },
    forgetGate: (gate_id) => dropAll([...rows.entries()].flatMap(({ key, value }) => (value.asked.gate_id === gate_id ? [key] : []))),
    count: () => rows.count(),
  };
}
