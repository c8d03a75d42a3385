/** Gates on record in an answer that is about to leave. What they are is looked up here once more, whatever the handler found. */
import type { RouteName } from "../../proto/routes.ts";
import { LOCAL_PREFIX } from "../config/operator-table.ts";
import type { GateRow } from "../store/gates.ts";
import type { Fields } from "./guards.ts";

/** Each gate on record that a tenant is shown is this event. */
export const SHOWN = "gate_shown";
/** Routes whose answer, or an event of it, names the gates that it is about. */
export const SHOWING: ReadonlySet<string> = new Set<RouteName>(["recordedGate", "findings", "draft", "gateBundle", "witnessedBundle", "evidenceBundle", "gateSbom", "keyless", "reveal", "lineage", "feed", "gate", "release", "cards", "changeContext"]);

/** The gate as it is on record; its newest attempt for `null`. */
export type Recorded = (gate_id: string, attempt: number | null) => GateRow | undefined;

/** What of the reader no list of verbs says. */
export interface Reader {
  /** Whether this repository of the operator's table is the reader's to name. */
  mayUse(repo_id: string): boolean;
  /** The one commit that the reader's token speaks for; empty where it came with none. */
  readonly bound_head: string;
}

interface Named {
  readonly gate_id: string;
  readonly attempt: number | null;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null;

/** A name that is no text stands for a gate that is not on record. */
function named({ gate_id, attempt }: Readonly<Record<string, unknown>>): Named[] {
  return gate_id === undefined || gate_id === null ? [] : [{ gate_id: String(gate_id), attempt: typeof attempt === "number" ? attempt : null }];
}

/** The gates that an answer names: its own, and those of its rows. */
export function namedIn(answer: unknown): readonly Named[] {
  if (!isRecord(answer)) return [];
  const rows = ["entries", "rows"].flatMap((name): unknown[] => (Array.isArray(answer[name]) ? answer[name] : []));
  return [...named(answer), ...rows.filter(isRecord).flatMap(named)];
}

/** Throws where the gate is not on record, so that nobody can say whose it is. */
export function shownFields({ route, tenant, uid, reader }: { readonly route: string; readonly tenant: string; readonly uid: number; readonly reader?: Reader | undefined }, { gate_id, attempt }: Named, recorded: Recorded): Fields {
  const row = recorded(gate_id, attempt);
  if (row === undefined || reader === undefined) throw new TypeError("nobody knows whose it is");
  const { repo_id, head, owner_uid, owner_tenant = "" } = row;
  const local = repo_id.startsWith(LOCAL_PREFIX);
  return { route, tenant, uid, gate_id, head, owner_uid, owner_tenant, local, may_use: !local && reader.mayUse(repo_id), bound_head: reader.bound_head };
}
