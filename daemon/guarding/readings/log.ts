/** The log's tables, and what witnesses are told of it. */
import { toHex } from "../../../proto/encoding.ts";
import type { Look } from "../../store/write-guard.ts";
import type { TableEvents } from "../writes.ts";
import { logHead, type Part, table } from "./reading.ts";

interface Head {
  readonly size: number;
  readonly frontier: Uint8Array;
  readonly checkpoint: string;
  readonly time_s: number;
}

/** The first line of a checkpoint says whose tree it is; a log that begins anew has another origin. */
const originOf = (checkpoint: string): string => checkpoint.slice(0, checkpoint.indexOf("\n"));
const around = (_row: unknown, [index]: readonly Part[], look: Look) => ({ index, log_size: logHead(look).size });
const bytes = ({ value }: { readonly value: Uint8Array }, [index]: readonly Part[]) => ({ index, bytes: toHex(value) });

export const LOG_EVENTS: Readonly<Record<string, TableEvents>> = {
  "log.head": table<Head>("log_head", ({ size, frontier, checkpoint, time_s }) => ({ origin: originOf(checkpoint), size, tree: toHex(frontier), time_s })),
  // An entry's own bytes are no rule's business, and may be what a stranger sent.
  "log.entries": table("log_entry", () => ({}), around),
  "log.nodes": table<{ readonly value: Uint8Array }>("log_node", (row, [level, index]) => ({ level, index, bytes: toHex(row.value) }), (_row, _key, look) => ({ log_size: logHead(look).size })),
  "log.rotations": table("log_rotation", bytes, around),
  "log.cosigned": table<{ readonly size: number; readonly text: string }>("log_cosigned", ({ size, text }, [name]) => ({ name, origin: name === "witnessed" ? originOf(text) : "", size }), (_row, _key, look) => ({ log_size: logHead(look).size })),
  "witness.heads": table<{ readonly size: number; readonly root: Uint8Array; readonly time_s: number }>("witness_head", ({ size, root, time_s }, [origin]) => ({ origin, size, tree: toHex(root), time_s })),
  "evidence.time": table<{ readonly frozen: { readonly time_s: number } | null }>("log_time", ({ frozen }) => ({ frozen: frozen !== null, frozen_s: frozen?.time_s ?? 0 }), (_row, _key, look) => ({ log_time_s: logHead(look).time_s })),
};
