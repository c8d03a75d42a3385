import { Type, type Static } from "@sinclair/typebox";
import { Closed, Count } from "../../../proto/scalar.ts";
import type { Store } from "../../store/db.ts";
import type { Table } from "../../store/table.ts";

/** A checkpoint of this node's log as it signed it, or one line of a witness under one. */
const Cosigned = Closed({ size: Count, time_s: Count, text: Type.String({ maxLength: 1_900 }) });
export type CosignedRow = Static<typeof Cosigned>;

/** `witnessed`: the newest checkpoint with a quorum. `quorum NAME`: a line under it. `newest NAME`: the newest line of that witness at all. */
export type CosignedTable = Table<string, CosignedRow>;

export const WITNESSED = "witnessed";
export const quorumKey = (name: string): string => `quorum ${name}`;
export const newestKey = (name: string): string => `newest ${name}`;

export const openCosignedTable = (store: Pick<Store, "table">): CosignedTable => store.table<string, typeof Cosigned>("log.cosigned", Cosigned);
