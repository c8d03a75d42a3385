/** Which lines differ between two texts: shortest edits by Myers (1986), "An O(ND) Difference Algorithm and Its Variations". */

/** A line with its end, so that a last line without one is another line. */
export interface DiffLine {
  /** `out` stands in the old text alone, `in` in the new one alone. */
  readonly kind: "same" | "out" | "in";
  readonly text: string;
}

/** Edits up to which the shortest way is searched, which remembers 125,000 places; past it the lines between what begins and ends alike are replaced as one. */
const EDITS_MAX = 500;

const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

const all = (kind: DiffLine["kind"], lines: readonly string[]): DiffLine[] => lines.map((text) => ({ kind, text }));

/** How far each diagonal was after so many edits, up to the number at which both ends are reached; `null` past the limit. */
function reached(a: readonly string[], b: readonly string[]): readonly Map<number, number>[] | null {
  const rounds: Map<number, number>[] = [];
  let last = new Map<number, number>([[1, 0]]);
  for (let edits = 0; edits <= Math.min(EDITS_MAX, a.length + b.length); edits++) {
    const now = new Map<number, number>();
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const [down, right] = [last.get(diagonal + 1) ?? -1, (last.get(diagonal - 1) ?? -2) + 1];
      let x = down >= right ? down : right;
      if (x < 0 || x > a.length || x - diagonal < 0 || x - diagonal > b.length) continue;
      while (x < a.length && x - diagonal < b.length && a[x] === b[x - diagonal]) x += 1;
      now.set(diagonal, x);
      if (x === a.length && x - diagonal === b.length) return [...rounds, now];
    }
    rounds.push(now);
    last = now;
  }
  return null;
}

function edits(a: readonly string[], b: readonly string[]): DiffLine[] {
  const rounds = reached(a, b);
  if (rounds === null) return [...all("out", a), ...all("in", b)];
  const back: DiffLine[] = [];
  let [x, y] = [a.length, b.length];
  for (let round = rounds.length - 1; round > 0; round--) {
    const before = rounds[round - 1]!;
    const [down, right] = [before.get(x - y + 1) ?? -1, (before.get(x - y - 1) ?? -2) + 1];
    const from = down >= right ? down : right;
    // What was walked along the diagonal after this round's one edit.
    for (; x > from; x--, y--) back.push({ kind: "same", text: a[x - 1]! });
    back.push(down >= right ? { kind: "in", text: b[--y]! } : { kind: "out", text: a[--x]! });
  }
  for (; x > 0; x--) back.push({ kind: "same", text: a[x - 1]! });
  return back.reverse();
}

/** The old text with what goes and what comes, in order. */
export function diffLines(before: string, after: string): readonly DiffLine[] {
  const [a, b] = [linesOf(before), linesOf(after)];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  return [...all("same", a.slice(0, start)), ...edits(a.slice(start, a.length - end), b.slice(start, b.length - end)), ...all("same", a.slice(a.length - end))];
}

/** A run of lines to show, or how many alike are left out. */
export type Folded = { readonly lines: readonly DiffLine[]; readonly from_old: number; readonly from_new: number } | { readonly alike: number };

/** Lines around a change that are shown with it. */
const CONTEXT_LINES = 3;

/** What is alike and far from any change is counted instead of shown. */
export function folded(lines: readonly DiffLine[]): readonly Folded[] {
  const near = new Uint8Array(lines.length);
  for (const [at, { kind }] of lines.entries()) if (kind !== "same") near.fill(1, Math.max(0, at - CONTEXT_LINES), at + CONTEXT_LINES + 1);
  const runs: Folded[] = [];
  let [from_old, from_new] = [1, 1];
  for (let at = 0; at < lines.length; ) {
    let end = at;
    while (end < lines.length && near[end] === near[at]) end += 1;
    const run = lines.slice(at, end);
    runs.push(near[at] === 1 ? { lines: run, from_old, from_new } : { alike: run.length });
    from_old += run.filter(({ kind }) => kind !== "in").length;
    from_new += run.filter(({ kind }) => kind !== "out").length;
    at = end;
  }
  return runs;
}
