/** The guards of one daemon: the rules that ship and the operator's own, asked at every write of state and every request. */
import { MaestroError } from "../../proto/errors.ts";
import type { WriteGuard } from "../store/write-guard.ts";
import { CRITICAL_TABLES } from "./critical.ts";
import { GuardDesk } from "./desk.ts";
import { Guards, type Fields } from "./guards.ts";
import { joinedWith } from "./host-folder.ts";
import { TABLE_EVENTS } from "./readings/index.ts";
import { RequestGuard } from "./requests.ts";
import type { Recorded } from "./shown.ts";
import { shippedDocuments } from "./shipped.ts";
import { writeGuard } from "./writes.ts";

export type { Fields, GuardCounts, Violation } from "./guards.ts";
export { openWatching, type Watching } from "./watching.ts";
export { Guards } from "./guards.ts";
export { tellDecided } from "./decided.ts";

export interface GuardingOptions {
  /** The operator's own rules; `null` for none. */
  readonly folder: string | null;
  /** Hears of each event that some rule is about, once its guards let it pass; inside transactions too. */
  readonly passed?: (event: string, fields: Fields) => void;
  /** The gates on record, once they are open. */
  readonly recorded: Recorded;
  readonly warn: (what: string, error: unknown) => void;
}

export interface Guarding {
  readonly guards: Guards;
  readonly writes: WriteGuard;
  readonly requests: RequestGuard;
  readonly desk: GuardDesk;
}

/** Throws `config.malformed` where the operator's rules are not whole. */
export async function openGuarding({ folder, warn, passed, recorded }: GuardingOptions): Promise<Guarding> {
  const shipped = shippedDocuments();
  const found = folder === null ? shipped : await joinedWith(shipped, folder);
  const guards = new Guards({ ...found, ...(passed === undefined ? {} : { passed }), violated: (event, { id, message }) => warn(`an invariant would not hold of ${event}, so it was not done`, new MaestroError("invariant.violated", `${id}: ${message}`)) });
  return { guards, writes: writeGuard(guards, TABLE_EVENTS, CRITICAL_TABLES), requests: new RequestGuard(guards, {}, recorded), desk: new GuardDesk(guards) };
}
