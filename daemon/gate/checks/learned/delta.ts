/** Which cells of a policy have another arm than before, and how much of what was counted lies there. Pure. */
import type { PolicyDelta } from "../../../../proto/learned.ts";
import type { BucketField, Cell, RoutingPolicy } from "../../../../proto/routing-policy.ts";
import type { PolicyDocument } from "./document.ts";

const LISTED_MAX = 8;
const WHERE_CHARACTERS_MAX = 300;
const PPM = 1_000_000;

/** The arm of the largest mean among those seen often enough, where the baseline is one of them; else the baseline. The first of several, which is that of the document. */
export function armOf({ baseline, count_min }: Pick<RoutingPolicy, "baseline" | "count_min">, seen: Cell["seen"]): string {
  const known = seen.filter(({ count }) => count >= count_min);
  if (!known.some(({ arm }) => arm === baseline)) return baseline;
  const top = Math.max(...known.map(({ mean }) => mean));
  const best = known.filter(({ mean }) => mean === top);
  return (best.find(({ arm }) => arm === baseline) ?? best[0])?.arm ?? baseline;
}

function placeText(bucket: BucketField, place: number): string {
  const { field } = bucket;
  if ("values" in bucket) return place < bucket.values.length ? `${field} ${bucket.values[place]}` : `${field} something else`;
  const { edges } = bucket;
  if (place > edges.length) return `${field} unknown`;
  const [from, to] = [edges[place - 1], edges[place]];
  return from === undefined ? `${field} below ${to}` : to === undefined ? `${field} from ${from}` : `${field} ${from} to ${to}`;
}

const whereText = ({ buckets }: RoutingPolicy, at: readonly number[]): string => (buckets.length === 0 ? "everywhere" : buckets.map((bucket, i) => placeText(bucket, at[i] ?? 0)).join(", ")).slice(0, WHERE_CHARACTERS_MAX).toWellFormed();

const countOf = ({ seen }: Cell): number => seen.reduce((sum, { count }) => sum + count, 0);
const keyOf = (at: readonly number[]): string => at.join(" ");
const sameBuckets = (a: RoutingPolicy, b: RoutingPolicy): boolean => JSON.stringify(a.buckets) === JSON.stringify(b.buckets);

/** Against no policy, or one of other buckets, each cell is held against the baseline: that is what answered there, as far as the two can be compared. */
export function policyDelta(place: Pick<PolicyDelta, "router" | "path">, before: PolicyDocument | null, after: PolicyDocument): PolicyDelta {
  const { policy } = after;
  const comparable = before !== null && sameBuckets(before.policy, policy) ? before.policy : null;
  const [was, is] = [comparable?.cells ?? [], policy.cells].map((cells) => new Map(cells.map((cell) => [keyOf(cell.at), cell]))) as [Map<string, Cell>, Map<string, Cell>];
  // A cell that is gone is answered by the baseline from now on.
  const cells = [...is.values(), ...[...was].filter(([key]) => !is.has(key)).map(([, cell]) => cell)];
  const total = cells.reduce((sum, cell) => sum + countOf(cell), 0);
  const changed = cells.flatMap((cell) => {
    const key = keyOf(cell.at);
    const from = comparable === null ? (before?.policy ?? policy).baseline : armOf(comparable, was.get(key)?.seen ?? []);
    const to = armOf(policy, is.get(key)?.seen ?? []);
    return from === to ? [] : [{ at: cell.at, from, to, count: countOf(cell) }];
  });
  const share = (count: number): number => (total === 0 ? 0 : Math.round((count / total) * PPM));
  const heaviest = changed.toSorted((a, b) => b.count - a.count || (keyOf(a.at) < keyOf(b.at) ? -1 : 1)).slice(0, LISTED_MAX);
  return {
    ...place, before: before?.digest ?? null, after: after.digest, cells: cells.length, changed: changed.length,
    mass_ppm: share(changed.reduce((sum, { count }) => sum + count, 0)),
    listed: heaviest.map(({ at, from, to, count }) => ({ where: whereText(policy, at), from, to, mass_ppm: share(count) })),
  };
}
