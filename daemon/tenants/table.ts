/** The operator's table: which tenant a user of this machine is. */
import { MaestroError } from "../../proto/errors.ts";
import type { TenantEntry } from "../../proto/tenant.ts";
import { groupNumber } from "../platform/groups.ts";
import type { Peer } from "../platform/socket/index.ts";

interface Row {
  readonly entry: TenantEntry;
  readonly uids: ReadonlySet<number>;
  readonly gids: ReadonlySet<number>;
}

export class TenantTable {
  private readonly rows: readonly Row[];

  /** Throws `config.malformed` for a group this machine does not have. */
  constructor(entries: readonly TenantEntry[], numberOf: (group: string | number) => number | null = groupNumber) {
    this.rows = entries.map((entry) => ({ entry, uids: new Set(entry.uids ?? []), gids: new Set((entry.groups ?? []).map((group) => existing(entry, group, numberOf))) }));
  }

  get empty(): boolean {
    return this.rows.length === 0;
  }

  get entries(): readonly TenantEntry[] {
    return this.rows.map(({ entry }) => entry);
  }

  /** Whom the kernel's word about the peer allows it to be. A uid says more than a group: where one names the peer, groups are not asked. */
  candidates({ uid, gid, groups }: Pick<Peer, "uid" | "gid" | "groups">): readonly TenantEntry[] {
    const named = this.rows.filter(({ uids }) => uids.has(uid));
    const found = named.length > 0 ? named : this.rows.filter(({ gids }) => gids.has(gid) || groups.some((group) => gids.has(group)));
    return found.map(({ entry }) => entry);
  }
}

function existing({ id }: TenantEntry, group: string | number, numberOf: (group: string | number) => number | null): number {
  const number = numberOf(group);
  if (number === null) throw new MaestroError("config.malformed", `tenants: ${id}: this machine has no group ${group}`);
  return number;
}
