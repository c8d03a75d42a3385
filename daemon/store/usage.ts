/** How many bytes each user keeps on this node: evidence by owner, packs by repository. */
import type { Static } from "@sinclair/typebox";
import { Closed, Count, RepositoryId } from "../../proto/scalar.ts";
import type { Store } from "./db.ts";
import type { Table } from "./table.ts";

const Evidence = Closed({ bytes: Count });
const Packs = Closed({ repo_id: RepositoryId, owner_uid: Count, bytes: Count });

export interface Usage {
  /** By owner's uid. */
  readonly evidence: Table<number, Static<typeof Evidence>>;
  /** By hash of the repository's id, which may be longer than a key. */
  readonly packs: Table<string, Static<typeof Packs>>;
}

export function openUsage(store: Store): Usage {
  return { evidence: store.table<number, typeof Evidence>("usage.evidence", Evidence), packs: store.table<string, typeof Packs>("usage.packs", Packs) };
}

/** Inside `Store.atomic`: evidence is counted exactly when it is recorded. */
export function addEvidence({ evidence }: Usage, owner_uid: number, bytes: number): void {
  evidence.put(owner_uid, { bytes: (evidence.get(owner_uid)?.bytes ?? 0) + bytes });
}
