/** Two people's changes of one text put together, where neither touched what the other did (diff3: Khanna, Kunal, Pierce 2007, without its conflicts). */
import { diffLines } from "./diff.ts";

/** Lines of the old text from `start` up to `end` became `lines`. */
interface Change {
  readonly start: number;
  end: number;
  readonly lines: string[];
}

function changesOf(before: string, after: string): { readonly changes: readonly Change[]; readonly lines: readonly string[] } {
  const changes: Change[] = [];
  const lines: string[] = [];
  let open: Change | null = null;
  for (const { kind, text } of diffLines(before, after)) {
    if (kind === "same") open = null;
    else if (open === null) changes.push((open = { start: lines.length, end: lines.length, lines: [] }));
    if (kind === "in") open?.lines.push(text);
    else lines.push(text);
    if (kind === "out" && open !== null) open.end = lines.length;
  }
  return { changes, lines };
}

const alike = (a: Change, b: Change): boolean => a.start === b.start && a.end === b.end && a.lines.join("") === b.lines.join("");
/** Also where they only meet: of two lines put in at one place nobody knows which comes first. */
const touch = (a: Change, b: Change): boolean => a.start <= b.end && b.start <= a.end;

/** Both changes of `began`, or `null` where they touch and are not the same. */
export function merged(began: string, mine: string, theirs: string): string | null {
  const [one, two] = [changesOf(began, mine), changesOf(began, theirs)];
  const more = two.changes.filter((theirChange) => !one.changes.some((myChange) => alike(myChange, theirChange)));
  if (more.some((theirChange) => one.changes.some((myChange) => touch(myChange, theirChange)))) return null;
  let at = 0;
  const out: string[] = [];
  for (const { start, end, lines } of [...one.changes, ...more].sort((a, b) => a.start - b.start)) {
    out.push(...one.lines.slice(at, start), ...lines);
    at = end;
  }
  return [...out, ...one.lines.slice(at)].join("");
}
