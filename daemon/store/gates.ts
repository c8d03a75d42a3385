/** Which gates were decided: by id and attempt, and newest first. */
import { sha256 } from "@noble/hashes/sha2.js";
import { Type, type Static } from "@sinclair/typebox";
import { canonicalBytes } from "../../proto/canonical.ts";
import { Attempt, GateId } from "../../proto/change.ts";
import { Verdict } from "../../proto/decision.ts";
import { toHex } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import { OciDigest } from "../../proto/oci.ts";
import { Closed, Count, GitOid, RepositoryId } from "../../proto/scalar.ts";
import { TenantId } from "../../proto/tenant.ts";
import type { Store } from "./db.ts";
import { type CardRows, openCardRows } from "./card-rows.ts";
import { openFloors, type Floors } from "./floors.ts";
import { openGateNames } from "./gate-names.ts";
import { openGateTrees, type GateTrees } from "./gate-trees.ts";
import { openSummaries, type Summaries } from "./summaries.ts";
import type { Table } from "./table.ts";
import { payerName } from "./usage.ts";

/** What stands in LMDB of one attempt; card and bundle are blobs. */
export const GateRow = Closed({
  gate_id: GateId,
  attempt: Attempt,
  verdict: Verdict,
  repo_id: RepositoryId,
  head: GitOid,
  owner_uid: Count,
  owner_tenant: Type.Optional(TenantId),
  log_index: Count,
  reply: OciDigest,
  bundle: OciDigest,
});
export type GateRow = Static<typeof GateRow>;

const Submitter = Closed({ uid: Count });
const submittedKey = (repo_id: string, head: string): string => toHex(sha256(canonicalBytes({ repo_id, head })));

const Place = Closed({ gate_id: GateId, attempt: Type.Integer({ minimum: 1 }) });

/** Names of floors: the next free place, and before which place everything of that class has gone or is held. */
const PLACES = "places";
export const EVIDENCE_DONE = "evidence done";
export const PERSONAL_DONE = "personal done";

/** Rows that `named` reads for one question. */
const NAMED_MAX = 256;

/** Rows that `newest` keeps in memory, about a megabyte to a thousand of them. */
const NEWEST_MAX = 10_000;

export interface Gates {
  /** What reports count. */
  readonly summaries: Summaries;
  /** What lists of cards show. */
  readonly cards: CardRows;
  /** Numbers of gates that went. */
  readonly floors: Floors;
  /** Which rows are known by their content. */
  readonly trees: Pick<GateTrees, "knows" | "count">;
  /** Gates of exactly this content, newest first; rows that `trees` does not know are not among them. */
  ofTree(tree: string): readonly GateRow[];
  /** Inside `Store.atomic`; without `merge_tree` it stays to be told. Throws `internal.bug` where that attempt stands already: attempts are never rewritten. */
  add(row: GateRow, merge_tree?: string | null): void;
  /** What their bundles say of rows that came without; those that went meanwhile are left out. */
  tellTrees(told: readonly { readonly place: number; readonly row: GateRow; readonly tree: string | null }[]): void;
  /** Inside `Store.atomic`: the row and every way to it go, and its place and attempt are never given out again. `place` is where it stands. */
  remove(place: number, row: GateRow): void;
  /** Inside `Store.atomic`, for a repair: `right` in the place of a row of the same gate and attempt, whose summary goes. */
  correct(row: GateRow, right: GateRow): void;
  /** The highest attempt there ever was; null where there was none. */
  lastAttempt(gate_id: string): number | null;
  /** Users who had this head gated, however many gates ago; rows from before this was kept are among `newest`. */
  submitters(repo_id: string, head: string): readonly number[];
  get(gate_id: string, attempt: number): GateRow | undefined;
  /** Attempts of a gate, oldest first. */
  attempts(gate_id: string): readonly GateRow[];
  /** Up to `NEWEST_MAX`, oldest first and shared out among those who pay for them; after a start, of the newest `NEWEST_MAX` of all. Each read from disk once: reading them all for each question would keep every other request waiting. */
  newest(): readonly GateRow[];
  /** Rows with an id, a head or a bundle's digest that starts with one of these, oldest first; `null` where there are too many, or rows from before the names were kept: then they are among `newest`. */
  named(starts: readonly string[]): readonly GateRow[] | null;
  /** Newest first. */
  recent(limit: number): readonly GateRow[];
  count(): number;
  /** Every row with its place in the order, oldest first. Throws `store.corrupt` for a place without a row. */
  all(): Generator<GateRow, void, undefined>;
  /** Up to `limit` rows with their places, of those that come after `place`; the first place is 0. */
  after(place: number, limit: number): readonly { readonly place: number; readonly row: GateRow }[];
  /** The same of those before `place`, newest first, each with whether it is its gate's newest attempt. */
  before(place: number, limit: number): readonly { readonly place: number; readonly row: GateRow; readonly newest: boolean }[];
  /** Where a row stands; null where it stands nowhere. Reads through the places where the names do not tell. */
  placeOf(row: GateRow): number | null;
  /** How many places there are: as many as rows. */
  places(): number;
  /** Inside `Store.atomic`, for a repair: places without a row go, and rows without a place come last. */
  reorder(): void;
}

/** Beside the bundle in a gate's artifact: what the client was told, and the row itself. */
export const GATE_REPLY_MEDIA_TYPE = "application/vnd.maestro.gate-reply.v1+json";
export const GATE_ROW_MEDIA_TYPE = "application/vnd.maestro.gate-row.v1+json";

/** Under which its bundle stands among the node's artifacts. */
export const artifactName = (gate_id: string, attempt: number): string => `gate-${gate_id.slice("gate:".length)}-${attempt}`;

/** Who pays for what is kept of a gate. */
export const payerOf = ({ owner_tenant, owner_uid }: Pick<GateRow, "owner_tenant" | "owner_uid">): string => payerName({ tenant: owner_tenant ?? null, uid: owner_uid });

/** A few rows more than `named` would tell, where that tells nothing: whoever asks looks at each row. */
export const perhapsNamed = (gates: Pick<Gates, "named" | "newest">, starts: readonly string[]): readonly GateRow[] => gates.named(starts) ?? gates.newest();

/** At most `rows_max`, oldest first: who has many gives up its oldest, so that nobody's flood hides another's gates. Pure. */
export function fairlyNewest(rows: readonly GateRow[], rows_max: number): GateRow[] {
  if (rows.length <= rows_max) return [...rows];
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(payerOf(row), (counts.get(payerOf(row)) ?? 0) + 1);
  let left = rows_max;
  let share = 0;
  for (const [at, count] of [...counts.values()].toSorted((a, b) => a - b).entries()) {
    share = Math.floor(left / (counts.size - at));
    if (count > share) break;
    left -= count;
  }
  return rows.filter((row) => {
    const payer = payerOf(row);
    const count = counts.get(payer) ?? 0;
    if (count <= share) return true;
    counts.set(payer, count - 1);
    return false;
  });
}

type Rows = Table<readonly [string, number], GateRow>;
type Order = Table<number, Static<typeof Place>>;

function rowAt(rows: Rows, { gate_id, attempt }: Static<typeof Place>): GateRow {
  const row = rows.get([gate_id, attempt]);
  if (row === undefined) throw new MaestroError("store.corrupt", `gate ${gate_id}, attempt ${attempt} is listed but gone`);
  return row;
}

/** Behind the last place. */
function nextIn(order: Order): number {
  const [last] = order.entries({ reverse: true, limit: 1 });
  return (last?.key ?? -1) + 1;
}

/** Places without a row go, and rows without a place come last. */
function putInOrder(rows: Rows, order: Order): void {
  const known = new Set<string>();
  for (const { key, value: { gate_id, attempt } } of [...order.entries()]) {
    if (rows.get([gate_id, attempt]) === undefined) order.remove(key);
    else known.add(`${gate_id} ${attempt}`);
  }
  let next = nextIn(order);
  for (const { value } of [...rows.entries()]) {
    const { gate_id, attempt: { attempt } } = value;
    if (!known.has(`${gate_id} ${attempt}`)) order.put(next++, { gate_id, attempt });
  }
}

/** Oldest first, read up to a place in the order; what has been added since is read when it is asked for. */
class Newest {
  private rows: GateRow[] = [];
  private read_to = -1;

  constructor(private readonly order: Order, private readonly at: (place: Static<typeof Place>) => GateRow) {}

  list(): readonly GateRow[] {
    const [last] = this.order.entries({ reverse: true, limit: 1 });
    if (last === undefined || last.key <= this.read_to) return this.rows;
    const start = Math.max(this.read_to + 1, last.key - NEWEST_MAX + 1);
    this.rows = fairlyNewest([...this.rows, ...[...this.order.entries({ start })].map((entry) => this.at(entry.value))], NEWEST_MAX);
    this.read_to = last.key;
    return this.rows;
  }

  drop({ gate_id, attempt: { attempt } }: GateRow): void {
    this.rows = this.rows.filter((kept) => kept.gate_id !== gate_id || kept.attempt.attempt !== attempt);
  }

  forget(): void {
    this.rows = [];
    this.read_to = -1;
  }
}

/** Neither place nor attempt is given out again. */
function raiseFloors(floors: Floors, place: number, { gate_id, attempt: { attempt } }: GateRow): void {
  floors.raise(PLACES, place + 1);
  floors.raise(gate_id, attempt + 1);
}

const lastRow = (rows: Rows, gate_id: string): GateRow | undefined => [...rows.entries({ start: [gate_id, Number.MAX_SAFE_INTEGER], end: [gate_id, 0], reverse: true, limit: 1 })][0]?.value;

/** Also of those that went. */
function lastAttemptOf(rows: Rows, floors: Floors, gate_id: string): number | null {
  const highest = Math.max(lastRow(rows, gate_id)?.attempt.attempt ?? 0, floors.next(gate_id) - 1);
  return highest > 0 ? highest : null;
}

function placeIn(order: Order, told: readonly number[] | null, { gate_id, attempt: { attempt } }: GateRow): number | null {
  const isIt = (place: Static<typeof Place> | undefined): boolean => place?.gate_id === gate_id && place.attempt === attempt;
  const found = told?.find((place) => isIt(order.get(place)));
  if (found !== undefined) return found;
  for (const { key, value } of order.entries()) if (isIt(value)) return key;
  return null;
}

function placedIn(rows: Rows, order: Order, place: number): GateRow | undefined {
  const found = order.get(place);
  return found === undefined ? undefined : rowAt(rows, found);
}

/** Rows in the order in which they were decided. */
function inOrder(rows: Rows, order: Order): Pick<Gates, "recent" | "count" | "all" | "after" | "before" | "places"> {
  return {
    // One look-up says both what stands there and whether there is a later one.
    before: (place, limit) => [...order.entries({ start: place, end: -1, reverse: true, limit: limit + 1 })].filter(({ key }) => key < place).slice(0, limit).map(({ key, value }) => {
      const last = lastRow(rows, value.gate_id);
      const newest = last?.attempt.attempt === value.attempt;
      return { place: key, row: newest ? last : rowAt(rows, value), newest };
    }),
    recent: (limit) => [...order.entries({ reverse: true, limit })].map((entry) => rowAt(rows, entry.value)),
    count: () => rows.count(),
    *all() {
      for (const { value } of order.entries()) yield rowAt(rows, value);
    },
    after: (place, limit) => [...order.entries({ start: place + 1, limit })].map(({ key, value }) => ({ place: key, row: rowAt(rows, value) })),
    places: () => order.count(),
  };
}

/** Rows by their content; `placed` gives the row of a place, if it has one. */
function contentsOf(store: Store, trees: GateTrees, placed: (place: number) => GateRow | undefined): Pick<Gates, "trees" | "ofTree" | "tellTrees"> {
  return {
    trees,
    ofTree: (tree) => trees.of(tree).flatMap((place) => placed(place) ?? []),
    tellTrees(told) {
      store.atomic(() => {
        for (const { place, row, tree } of told) if (placed(place)?.bundle === row.bundle) trees.add(place, tree);
      });
    },
  };
}

export function openGates(store: Store): Gates {
  const rows = store.table<readonly [string, number], typeof GateRow>("gates", GateRow);
  // By the order in which they were decided. A log that begins anew counts from 0 again, so its index would not do.
  const order = store.table<number, typeof Place>("gate_order", Place);
  const submitted = store.table<readonly [string, number], typeof Submitter>("gate_submitters", Submitter);

  const at = (place: Static<typeof Place>): GateRow => rowAt(rows, place);
  const names = openGateNames(store, () => order.stated());
  const trees = openGateTrees(store);
  const floors = openFloors(store);
  const placed = (place: number): GateRow | undefined => placedIn(rows, order, place);
  /** Of the same head; the row itself where they cannot all be read, so that nothing is taken for the last one. */
  const others = (row: GateRow): GateRow[] => names.find([row.head], NAMED_MAX)?.flatMap((place) => placed(place) ?? []) ?? [row];

  const newest = new Newest(order, at);

  const [summaries, cards] = [openSummaries(store), openCardRows(store)];

  return {
    ...{ summaries, cards, floors },
    ...contentsOf(store, trees, placed),
    add(row, merge_tree) {
      const { gate_id, attempt: { attempt } } = row;
      if (rows.get([gate_id, attempt]) !== undefined) throw new MaestroError("internal.bug", `gate ${gate_id}, attempt ${attempt} is on record already`);
      rows.put([gate_id, attempt], row);
      submitted.put([submittedKey(row.repo_id, row.head), row.owner_uid], { uid: row.owner_uid });
      const place = Math.max(nextIn(order), floors.next(PLACES));
      order.put(place, { gate_id, attempt });
      names.add(place, row, placed);
      if (merge_tree !== undefined) trees.add(place, merge_tree);
    },
    remove(place, row) {
      const { gate_id, head, repo_id, owner_uid, attempt: { attempt } } = row;
      rows.remove([gate_id, attempt]);
      order.remove(place);
      names.remove(place, row);
      trees.remove(place);
      raiseFloors(floors, place, row);
      newest.drop(row);
      if (!others(row).some((other) => other.repo_id === repo_id && other.owner_uid === owner_uid)) submitted.remove([submittedKey(repo_id, head), owner_uid]);
    },
    correct(row, right) {
      rows.put([row.gate_id, row.attempt.attempt], right);
      submitted.put([submittedKey(right.repo_id, right.head), right.owner_uid], { uid: right.owner_uid });
      [summaries, cards].forEach((kept) => kept.remove(row));
      [names, newest].forEach((kept) => kept.forget());
    },
    lastAttempt: (gate_id) => lastAttemptOf(rows, floors, gate_id),
    submitters: (repo_id, head) => [...submitted.entries({ start: [submittedKey(repo_id, head), 0], end: [submittedKey(repo_id, head), Number.MAX_SAFE_INTEGER] })].map(({ value }) => value.uid),
    get: (gate_id, attempt) => rows.get([gate_id, attempt]),
    attempts: (gate_id) => [...rows.entries({ start: [gate_id, 0], end: [gate_id, Number.MAX_SAFE_INTEGER] })].map((entry) => entry.value),
    newest: () => newest.list(),
    named(starts) {
      const places = names.find(starts, NAMED_MAX);
      return places === null ? null : places.flatMap((place) => placed(place) ?? []);
    },
    ...inOrder(rows, order),
    placeOf: (row) => placeIn(order, names.find([row.gate_id], NAMED_MAX), row),
    reorder() {
      newest.forget();
      names.forget();
      trees.forget();
      // Rows come back in another order, so expiry looks at all of them again.
      [EVIDENCE_DONE, PERSONAL_DONE].forEach((done) => floors.forget(done));
      putInOrder(rows, order);
    },
  };
}
