/** Byte quotas: a tenant that keeps too much is refused, and the others go on. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { IntegrityLimits } from "../../proto/config.ts";
import { MaestroError } from "../../proto/errors.ts";
import { lookAt, namesIn } from "../platform/folders.ts";
import { repositoryAt, type Repository } from "../platform/git/repository-store.ts";
import type { Store } from "../store/db.ts";
import { payerName, type Usage } from "../store/usage.ts";

export interface QuotaDeps {
  readonly store: Pick<Store, "atomic">;
  readonly usage: Usage;
  readonly limits: Pick<IntegrityLimits, "tenant_bytes_max" | "store_bytes_max">;
  /** Lets go of answers kept for re-use, of one payer or of all. */
  readonly forget: (payer: string | null) => void;
}

/** Who asks, as an intake or a principal says it. */
export interface Owner {
  readonly uid: number;
  readonly tenant: string | null;
}

const MiB = 1024 * 1024;
const megabytes = (bytes: number): string => `${Math.ceil(bytes / MiB)} MiB`;

/** Where a repository's packs are counted: its id may be longer than a key. */
const keyOf = ({ repo_id, object_format }: Pick<Repository, "repo_id" | "object_format">): string => createHash("sha256").update(`${object_format}\0${repo_id}`).digest("hex");

/** 0 for a repository that was set aside. */
async function packBytes({ git_dir }: Pick<Repository, "git_dir">): Promise<number> {
  const folder = join(git_dir, "objects", "pack");
  let bytes = 0;
  // What retention removes between the two looks is `null`.
  for (const name of await namesIn(folder)) bytes += (await lookAt(join(folder, name)))?.bytes ?? 0;
  return bytes;
}

export class Quota {
  /** Packs by payer: read from the table once, then kept beside it, as a question per request must not read a thousand records. */
  private readonly packs = new Map<string, number>();

  constructor(private readonly deps: QuotaDeps) {
    for (const { value } of deps.usage.packs.entries()) this.move(value.payer, value.bytes);
  }

  private move(payer: string, by: number): void {
    this.packs.set(payer, (this.packs.get(payer) ?? 0) + by);
  }

  /** Bytes that count against somebody. */
  used(owner: Owner): number {
    const name = payerName(owner);
    return (this.deps.usage.evidence.get(name)?.bytes ?? 0) + (this.deps.usage.kept.get(name)?.bytes ?? 0) + (this.packs.get(name) ?? 0);
  }

  total(): number {
    let bytes = 0;
    for (const table of [this.deps.usage.evidence, this.deps.usage.kept]) for (const { value } of table.entries()) bytes += value.bytes;
    for (const packs of this.packs.values()) bytes += packs;
    return bytes;
  }

  /** Before anything is taken in. Throws `store.quota`; what is under way already may still pass the limit by its own size. Nobody is refused for what only saves time. */
  check(owner: Owner): void {
    const { limits: { tenant_bytes_max, store_bytes_max }, forget } = this.deps;
    if (this.used(owner) >= tenant_bytes_max) forget(payerName(owner));
    if (this.total() >= store_bytes_max) forget(null);
    const used = this.used(owner);
    if (used >= tenant_bytes_max) throw new MaestroError("store.quota", `${payerName(owner)} keeps ${megabytes(used)}, limits.integrity.tenant_bytes_max is ${megabytes(tenant_bytes_max)}`);
    const total = this.total();
    if (total >= store_bytes_max) throw new MaestroError("store.quota", `this node keeps ${megabytes(total)}, limits.integrity.store_bytes_max is ${megabytes(store_bytes_max)}`);
  }

  /** After packs came or went: counts a repository's anew for whoever used it last. */
  async measured(owner: Owner, repository: Pick<Repository, "repo_id" | "object_format" | "git_dir">): Promise<void> {
    const bytes = await packBytes(repository);
    this.count(keyOf(repository), { repo_id: repository.repo_id, payer: payerName(owner), bytes });
  }

  /** After packs went without their owners' doing: counts every repository on record anew, for whoever pays for it. */
  async recount(root: string): Promise<void> {
    for (const { key, value: { repo_id, payer } } of [...this.deps.usage.packs.entries()]) {
      const repository = (["sha1", "sha256"] as const).map((object_format) => repositoryAt(root, repo_id, object_format)).find((one) => keyOf(one) === key);
      if (repository !== undefined) this.count(key, { repo_id, payer, bytes: await packBytes(repository) });
    }
  }

  private count(key: string, now: { readonly repo_id: string; readonly payer: string; readonly bytes: number }): void {
    const { store, usage } = this.deps;
    const before = usage.packs.get(key);
    if (before !== undefined && before.bytes === now.bytes && before.payer === now.payer) return;
    store.atomic(() => usage.packs.put(key, now));
    if (before !== undefined) this.move(before.payer, -before.bytes);
    this.move(now.payer, now.bytes);
  }
}
