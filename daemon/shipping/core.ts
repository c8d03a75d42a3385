/** Which admits a range of commits is made of. Pure: commits and admits in, steps or uncovered commits out. */
import type { ShippedStep } from "../../proto/predicates/shipping.ts";
import type { UncoveredCommit } from "../../proto/shipping.ts";

/** A commit as git's own object says it; `words` is a digest of its author line and message, which a rebase keeps. */
export interface RangeCommit {
  readonly oid: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly words: string;
}

/** What one verified admit is about. */
export interface Admit {
  readonly gate_id: string;
  readonly base: string | null;
  readonly head: string;
  readonly merge_tree: string;
  readonly issued_s: number;
  readonly valid_until_s: number;
}

export interface Range {
  readonly from: string | null;
  /** Every commit of `to` that `from` does not have. */
  readonly commits: ReadonlyMap<string, RangeCommit>;
  /** First parents, oldest first; the last one is the newest commit of the release. */
  readonly line: readonly RangeCommit[];
}

export interface Step<A extends Admit> {
  readonly admit: A;
  readonly from: string | null;
  readonly to: string;
  readonly how: ShippedStep["how"];
  readonly commits: number;
  /** Log time of the later gate that shows it landed in time; null where the admit still holds. */
  readonly landed_s: number | null;
}

export type Coverage<A extends Admit> = { readonly steps: readonly Step<A>[] } | { readonly uncovered: readonly UncoveredCommit[] };

const short = (oid: string): string => oid.slice(0, 12);

/** The first-parent line from `to` back to `from`; null where it does not lead there. */
export function lineOf(commits: ReadonlyMap<string, RangeCommit>, from: string | null, to: string): readonly RangeCommit[] | null {
  const line: RangeCommit[] = [];
  for (let oid: string | undefined = to; oid !== undefined && oid !== from; ) {
    const commit = commits.get(oid);
    if (commit === undefined || line.length > commits.size) return null;
    line.push(commit);
    oid = commit.parents[0];
    if (oid === undefined && from !== null) return null;
  }
  return line.reverse();
}

/** Everything that `heads` bring within the range. */
export function reached({ commits }: Pick<Range, "commits">, heads: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const queue = [...heads];
  for (let oid = queue.pop(); oid !== undefined; oid = queue.pop()) {
    const commit = commits.get(oid);
    if (commit === undefined || seen.has(oid)) continue;
    seen.add(oid);
    queue.push(...commit.parents);
  }
  return seen;
}

interface Segment<A extends Admit> {
  readonly admit: A;
  /** Places of the line: after `start` up to and with `end`; -1 is the commit before the range. */
  readonly start: number;
  readonly end: number;
}

/** Commits of an admit's own, oldest first, by their words; null where they are not known. */
export type OwnWords = (admit: Admit) => readonly string[] | null;

const before = ({ from, line }: Range, at: number): string | null => (at < 0 ? from : (line[at]?.oid ?? null));

/** Where an admit's result stands on exactly the base it was judged on, whatever came between. */
export function segmentsOf<A extends Admit>(range: Range, admits: readonly A[]): Segment<A>[] {
  const place = new Map(range.line.map(({ oid }, at) => [oid, at]));
  return admits.flatMap((admit) => {
    const start = admit.base === range.from ? -1 : admit.base === null ? Number.NaN : (place.get(admit.base) ?? Number.NaN);
    if (Number.isNaN(start)) return [];
    return range.line.flatMap(({ tree }, end) => (end > start && tree === admit.merge_tree ? [{ admit, start, end }] : []));
  });
}

/** More commits than one, of which neither the head nor a merge of it is the last: only a rebase looks like that. */
export function looksRebased({ line }: Range, { admit, start, end }: Segment<Admit>): boolean {
  return end - start > 1 && line[end]?.oid !== admit.head;
}

/** How the segment came to be, or null where something in it is none of the admit's. */
function howOf(range: Range, segment: Segment<Admit>, own: OwnWords): ShippedStep["how"] | null {
  const { admit, start, end } = segment;
  const last = range.line[end];
  if (last === undefined) return null;
  if (last.oid === admit.head) return "fast_forward";
  const brought = reached(range, [admit.head]);
  const steps = range.line.slice(start + 1, end + 1);
  if (steps.some(({ parents }) => parents.slice(1).some((parent) => range.commits.has(parent) && !brought.has(parent)))) return null;
  if (!looksRebased(range, segment)) return last.parents.length > 1 ? "merge" : "squash";
  const words = own(admit);
  const same = words !== null && words.length === steps.length && steps.every((step, i) => step.parents.length === 1 && step.words === words[i]);
  return same ? "rebase" : null;
}

type Fitted<A extends Admit> = Segment<A> & { readonly how: ShippedStep["how"] };

/** The segments that join up from the range's beginning to its end, with the admits that hold longest; null where none do. */
function chained<A extends Admit>(range: Range, fitted: readonly Fitted<A>[]): Fitted<A>[] | null {
  const best = new Map<number, Fitted<A>>();
  for (let end = 0; end < range.line.length; end++) {
    const ways = fitted.filter((segment) => segment.end === end && (segment.start < 0 || best.has(segment.start)));
    const way = ways.toSorted((a, b) => b.admit.valid_until_s - a.admit.valid_until_s || a.start - b.start)[0];
    if (way !== undefined) best.set(end, way);
  }
  const chain: Fitted<A>[] = [];
  for (let at = range.line.length - 1; at >= 0; ) {
    const segment = best.get(at);
    if (segment === undefined) return null;
    chain.push(segment);
    at = segment.start;
  }
  return chain.reverse();
}

/** An admit that has ended still counts where a later gate of the range was judged on top of what it admitted, while it ran: ids hash contents, so that gate could not have been made before. */
function dated<A extends Admit>(range: Range, chain: readonly Fitted<A>[], now_s: number): Coverage<A> {
  const uncovered: UncoveredCommit[] = [];
  const steps: Step<A>[] = [];
  let seen_s = Number.POSITIVE_INFINITY;
  for (const { admit, start, end, how } of [...chain].reverse()) {
    const to = before(range, end) ?? "";
    const holds = admit.valid_until_s >= now_s;
    if (!holds && admit.valid_until_s < seen_s) {
      uncovered.push(...range.line.slice(start + 1, end + 1).map(({ oid }) => ({ commit: oid, because: `its admit (${admit.gate_id}) has ended, and nothing on record shows that it landed before; gate it again` })));
    }
    steps.push({ admit, from: before(range, start), to, how, commits: end - start, landed_s: holds ? null : seen_s });
    seen_s = Math.min(seen_s, admit.issued_s);
  }
  return uncovered.length > 0 ? { uncovered: uncovered.reverse() } : { steps: steps.reverse() };
}

/** `why` says what is on record of a commit that nothing covers. */
export function cover<A extends Admit>(range: Range, admits: readonly A[], now_s: number, own: OwnWords, why: (oid: string) => string | null): Coverage<A> {
  const fitted = segmentsOf(range, admits).flatMap((segment): Fitted<A>[] => {
    const how = howOf(range, segment, own);
    return how === null ? [] : [{ ...segment, how }];
  });
  const chain = chained(range, fitted);
  if (chain !== null) return dated(range, chain, now_s);
  const explained = new Set(fitted.flatMap(({ start, end }) => range.line.slice(start + 1, end + 1).map(({ oid }) => oid)));
  const bare = range.line.filter(({ oid }) => !explained.has(oid));
  const named = bare.length > 0 ? bare : range.line;
  return { uncovered: named.map(({ oid, parents }) => ({ commit: oid, because: why(oid) ?? `no admit on record has this content on ${parents[0] === undefined ? "no base" : short(parents[0])}` })) };
}
