/** Which commits an admit covers: every way in which a commit may stand in a range without one. */
import { expect, test } from "bun:test";
import { cover, lineOf, type Admit, type RangeCommit } from "./core.ts";

const commit = (oid: string, tree: string, ...parents: string[]): RangeCommit => ({ oid, tree, parents, words: `words of ${oid.replace("'", "")}` });
const admit = (base: string | null, head: string, merge_tree: string, issued_s = 10, valid_until_s = 1_000): Admit => ({ gate_id: `gate ${base}..${head}`, base, head, merge_tree, issued_s, valid_until_s });
const NONE = () => null;

function covered(commits: readonly RangeCommit[], admits: readonly Admit[], options: { readonly now_s?: number; readonly own?: Readonly<Record<string, readonly string[]>> } = {}): readonly string[] {
  const byId = new Map(commits.map((one) => [one.oid, one]));
  const line = lineOf(byId, "A", commits.at(-1)?.oid ?? "");
  if (line === null) return ["no line"];
  const found = cover({ from: "A", commits: byId, line }, admits, options.now_s ?? 100, ({ head }) => options.own?.[head] ?? null, NONE);
  return "steps" in found ? found.steps.map(({ to, how, landed_s }) => `${to} ${how}${landed_s === null ? "" : ` by ${landed_s}`}`) : found.uncovered.map(({ commit: oid }) => `bare ${oid}`);
}

test("squash, merge, fast-forward of two commits, rebase of two", () => {
  const range = [commit("s", "S", "A"), commit("x", "X", "A"), commit("m", "M", "s", "x"), commit("f1", "F1", "m"), commit("f2", "F2", "f1"), commit("r1'", "R1'", "f2"), commit("r2'", "R2'", "r1'")];
  const admits = [admit("A", "y", "S"), admit("s", "x", "M"), admit("m", "f2", "F2"), admit("f2", "r2", "R2'")];
  expect(covered(range, admits, { own: { r2: ["words of r1", "words of r2"] } })).toEqual(["s squash", "m merge", "f2 fast_forward", "r2' rebase"]);
});

test("attack: content put in and taken out again below an admitted squash", () => {
  const range = [commit("evil", "E", "A"), commit("undo", "T", "evil"), commit("s", "S", "undo")];
  expect(covered(range, [admit("A", "y", "S")])).toEqual(["bare evil", "bare undo", "bare s"]);
});

test("attack: a merge that brings a second branch nobody judged, with the tree that was admitted", () => {
  const range = [commit("x", "X", "A"), commit("evil", "E", "A"), commit("m", "M", "A", "x", "evil")];
  expect(covered(range, [admit("A", "x", "M")])).toEqual(["bare m"]);
});

test("attack: a rebase with a commit more, or with other words, than was admitted", () => {
  const range = [commit("r1'", "R1'", "A"), commit("r2'", "R2'", "r1'")];
  const gate = [admit("A", "r2", "R2'")];
  expect(covered(range, gate, { own: { r2: ["words of r2"] } })).toEqual(["bare r1'", "bare r2'"]);
  expect(covered(range, gate, { own: { r2: ["words of r1", "words of another"] } })).toEqual(["bare r1'", "bare r2'"]);
  expect(covered(range, gate)).toEqual(["bare r1'", "bare r2'"]);
});

test("admitted on another base, admitted with other content, or not on the first-parent line", () => {
  expect(covered([commit("s", "S", "A")], [admit("B", "y", "S")])).toEqual(["bare s"]);
  expect(covered([commit("s", "S", "A")], [admit("A", "y", "T")])).toEqual(["bare s"]);
  expect(covered([commit("s", "S", "Z"), commit("m", "M", "s")], [admit("A", "y", "M")])).toEqual(["no line"]);
});

test("only the commit without an admit is named", () => {
  const range = [commit("s", "S", "A"), commit("bare", "T", "s"), commit("t", "U", "bare")];
  expect(covered(range, [admit("A", "y", "S"), admit("bare", "t", "U")])).toEqual(["bare bare"]);
});

test("an admit that has ended counts only where a later gate of the range, judged on top of it, was in time", () => {
  const range = [commit("s", "S", "A"), commit("t", "T", "s")];
  const early = admit("A", "y", "S", 10, 50);
  expect(covered(range, [early, admit("s", "t", "T", 40)])).toEqual(["s squash by 40", "t fast_forward"]);
  expect(covered(range, [early, admit("s", "t", "T", 60)])).toEqual(["bare s"]);
  expect(covered(range, [admit("A", "y", "S", 10, 90), admit("s", "t", "T", 40, 50)])).toEqual(["bare t"]);
});
