/** Numbers that must not be given out again once what bore them is gone: places in the order of gates, attempts of a gate, how far expiry came. */
import { Closed, Count } from "../../proto/scalar.ts";
import type { Store } from "./db.ts";

const Floor = Closed({ next: Count });

export interface Floors {
  /** The lowest number that is free under this name; 0 where none was taken back. */
  next(name: string): number;
  /** Inside `Store.atomic`; never lower than it is. */
  raise(name: string, next: number): void;
  /** Inside `Store.atomic`. */
  forget(name: string): void;
}

export function openFloors(store: Store): Floors {
  const rows = store.table<string, typeof Floor>("floors", Floor);
  return {
    next: (name) => rows.get(name)?.next ?? 0,
    raise(name, next) {
      if (next > (rows.get(name)?.next ?? 0)) rows.put(name, { next });
    },
    forget: (name) => void rows.remove(name),
  };
}
