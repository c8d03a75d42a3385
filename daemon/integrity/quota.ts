/** Byte quotas: a tenant that keeps too much is refused, and the others go on. */
import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { IntegrityLimits } from "../../proto/config.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { Repository } from "../platform/git/repository-store.ts";
import { payerOf } from "../store/gates.ts";
import type { Store } from "../store/db.ts";
import type { Usage } from "../store/usage.ts";

export interface QuotaDeps {
  readonly store: Pick<Store, "atomic">;
  readonly usage: Usage;
  readonly limits: Pick<IntegrityLimits, "tenant_bytes_max" | "store_bytes_max">;
}

/** Who asks, as an intake or a principal says it. */
export interface Owner {
  readonly uid: number;
  readonly tenant: string | null;
}

const MiB = 1024 * 1024;
const megabytes = (bytes: number): string => `${Math.ceil(bytes / MiB)} MiB`;

async function packBytes({ git_dir }: Pick<Repository, "git_dir">): Promise<number> {
  const folder = join(git_dir, "objects", "pack");
  let bytes = 0;
  for (const name of await readdir(folder)) {
    try {
      bytes += (await stat(join(folder, name))).size;
    } catch (error) {
      // Removed by retention between the two looks.
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    }
  }
  return bytes;
}

const payer = ({ uid, tenant }: Owner): string => payerOf({ owner_uid: uid, ...(tenant === null ? {} : { owner_tenant: tenant }) });

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
    const name = payer(owner);
    return (this.deps.usage.evidence.get(name)?.bytes ?? 0) + (this.packs.get(name) ?? 0);
  }

  total(): number {
    let bytes = 0;
    for (const { value } of this.deps.usage.evidence.entries()) bytes += value.bytes;
    for (const packs of this.packs.values()) bytes += packs;
    return bytes;
  }

  /** Before anything is taken in. Throws `store.quota`; what is under way already may still pass the limit by its own size. */
  check(owner: Owner): void {
    const { tenant_bytes_max, store_bytes_max } = this.deps.limits;
    const used = this.used(owner);
    if (used >= tenant_bytes_max) throw new MaestroError("store.quota", `${payer(owner)} keeps ${megabytes(used)}, limits.integrity.tenant_bytes_max is ${megabytes(tenant_bytes_max)}`);
    const total = this.total();
    if (total >= store_bytes_max) throw new MaestroError("store.quota", `this node keeps ${megabytes(total)}, limits.integrity.store_bytes_max is ${megabytes(store_bytes_max)}`);
  }

  /** After packs came or went: counts a repository's anew for whoever used it last. */
  async measured(owner: Owner, repository: Pick<Repository, "repo_id" | "object_format" | "git_dir">): Promise<void> {
    const { store, usage } = this.deps;
    const bytes = await packBytes(repository);
    const key = createHash("sha256").update(`${repository.object_format}\0${repository.repo_id}`).digest("hex");
    const before = usage.packs.get(key);
    const now = { repo_id: repository.repo_id, payer: payer(owner), bytes };
    if (before !== undefined && before.bytes === bytes && before.payer === now.payer) return;
    store.atomic(() => usage.packs.put(key, now));
    if (before !== undefined) this.move(before.payer, -before.bytes);
    this.move(now.payer, bytes);
  }
}
