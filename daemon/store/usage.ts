/** How many bytes each tenant keeps on this node: evidence by payer, packs by repository, answers kept for re-use by payer. */
import { Type, type Static } from "@sinclair/typebox";
import { Closed, Count, RepositoryId } from "../../proto/scalar.ts";
import type { Store } from "./db.ts";
import type { Table } from "./table.ts";

/** Whoever pays: a tenant by its name, or a user of this machine by its uid in digits. */
export const payerName = ({ tenant, uid }: { readonly tenant: string | null; readonly uid: number }): string => tenant ?? String(uid);

const Payer = Type.String({ minLength: 1, maxLength: 128 });
const Evidence = Closed({ bytes: Count });
const Packs = Closed({ repo_id: RepositoryId, payer: Payer, bytes: Count });

export interface Usage {
  /** By payer. */
  readonly evidence: Table<string, Static<typeof Evidence>>;
  /** By hash of the repository's id, which may be longer than a key. */
  readonly packs: Table<string, Static<typeof Packs>>;
  /** By payer; see reuse.ts. */
  readonly kept: Table<string, Static<typeof Evidence>>;
}

export function openUsage(store: Store): Usage {
  return { evidence: store.table<string, typeof Evidence>("usage.evidence", Evidence), packs: store.table<string, typeof Packs>("usage.packs", Packs), kept: store.table<string, typeof Evidence>("usage.kept", Evidence) };
}

/** Inside `Store.atomic`: evidence is counted exactly when it is recorded. */
export function addEvidence({ evidence }: Usage, payer: string, bytes: number): void {
  evidence.put(payer, { bytes: (evidence.get(payer)?.bytes ?? 0) + bytes });
}
