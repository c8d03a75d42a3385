/** The guard of the store: what a write means as an event. Every write of state passes here, because tables have no other door. */
import { MaestroError } from "../../proto/errors.ts";
import type { Key } from "../store/record.ts";
import type { Look, TableGuard, WriteGuard } from "../store/write-guard.ts";
import type { Fields, Guards } from "./guards.ts";

/** A record that its table's schema has passed. */
export type Row = Readonly<Record<string, unknown>>;
export type Parts = readonly (string | number)[];

export interface TableEvents {
  /** Writes are the events `NAME_created`, `NAME_changed` with the record before as `old`, and `NAME_removed` with the fields of what goes. */
  readonly name: string;
  /** Fields of such an event, as invariants/events.yaml declares them. What `look` tells is as the open transaction has it before this write. */
  fields(row: Row, key: Parts, look: Look): Fields;
}

const partsOf = (key: Key): Parts => (typeof key === "object" ? key : [key]);
const isRow = (value: unknown): value is Row => typeof value === "object" && value !== null && !(value instanceof Uint8Array);
/** A record that is bytes or a number has no names of its own. */
const rowOf = (value: unknown): Row => (isRow(value) ? value : { value });

export const eventsOf = ({ name }: TableEvents) => ({ created: `${name}_created`, changed: `${name}_changed`, removed: `${name}_removed` });

/**
 * Asks the guards of every table that `tables` has events for and some rule is about. What cannot be made out is a violation. A table that
 * `critical` has no row for, whenever and by whomever it is opened, is refused with `internal.bug`: nobody has thought about what guards it.
 */
export function writeGuard(guards: Guards, tables: Readonly<Record<string, TableEvents>>, critical: Readonly<Record<string, unknown>> | null = null): WriteGuard {
  return {
    table(name): TableGuard | null {
      if (critical !== null && !Object.hasOwn(critical, name)) throw new MaestroError("internal.bug", `the table ${name} has no row in daemon/guarding/critical.ts`);
      const events = Object.hasOwn(tables, name) ? tables[name] : undefined;
      if (events === undefined) return null;
      const { created, changed, removed } = eventsOf(events);
      const [on_create, on_change, on_remove] = [created, changed, removed].map((event) => guards.live(event));
      if (on_create !== true && on_change !== true && on_remove !== true) return null;
      return ({ key, before, after }, look) => {
        const parts = partsOf(key);
        const of = (value: unknown): Fields => events.fields(rowOf(value), parts, look);
        if (after === undefined) return on_remove === true ? guards.checkRead(removed, () => ({ fields: of(before) })) : undefined;
        if (before === undefined) return on_create === true ? guards.checkRead(created, () => ({ fields: of(after) })) : undefined;
        if (on_change === true) guards.checkRead(changed, () => ({ fields: of(after), old: of(before) }));
      };
    },
  };
}
