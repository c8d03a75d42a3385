/** A change of 50,000 files: nothing is lost, nothing takes unbounded time. Figures are printed; they depend on the machine and are not asserted. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { concatBytes, utf8 } from "../../../proto/encoding.ts";
import { objectId, type ObjectType } from "./object-format.ts";
import type { Repository } from "./repository-store.ts";
import { DIFF_LIMITS, handmadePack, LIMITS, Scratch } from "./testing/scratch.ts";

const FILES = 50_000;
const FOLDERS = 100;
const KNOWN_PEOPLE = "author A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nx\n";

/** Objects made in memory: fast-import takes 5 s for these on a busy machine. */
class Snapshot {
  readonly objects: [ObjectType, Uint8Array][] = [];

  add(type: ObjectType, content: Uint8Array): string {
    this.objects.push([type, content]);
    return objectId("sha1", type, content);
  }

  tree(entries: readonly (readonly [mode: string, name: string, oid: string])[]): string {
    return this.add("tree", concatBytes(...entries.flatMap(([mode, name, oid]) => [utf8(`${mode} ${name}\0`), Uint8Array.fromHex(oid)])));
  }

  commit(files: readonly string[], folders = FOLDERS): { commit: string; tree: string } {
    const each = Math.ceil(files.length / folders);
    const subtree = (at: number): string => this.tree(files.slice(at * each, (at + 1) * each).map((content, n) => ["100644", `f${String(n).padStart(4, "0")}`, this.add("blob", utf8(content))] as const));
    const tree = this.tree(Array.from({ length: folders }, (_, at) => ["40000", `d${String(at).padStart(3, "0")}`, subtree(at)] as const));
    return { tree, commit: this.add("commit", utf8(`tree ${tree}\n${KNOWN_PEOPLE}`)) };
  }
}

let scratch: Scratch;
beforeAll(async () => {
  scratch = await Scratch.create();
});
afterAll(() => scratch.dispose());

async function received(snapshot: Snapshot, tips: string[]): Promise<{ repository: Repository; pack_bytes: number; intake_ms: number }> {
  const pack = handmadePack(snapshot.objects);
  const repository = await scratch.store.open(`local:0:${tips.join()}`, "sha1");
  const started = performance.now();
  const { objects } = await scratch.receive(repository, { tips }, pack, LIMITS);
  expect(objects).toBe(snapshot.objects.length);
  return { repository, pack_bytes: pack.length, intake_ms: performance.now() - started };
}

test(`${FILES} added files: intake, list, diff and digest see every one`, async () => {
  const snapshot = new Snapshot();
  const base = snapshot.commit(["only\n"], 1);
  const head = snapshot.commit(Array.from({ length: FILES }, (_, n) => `content ${n}\n`));
  const { repository, pack_bytes, intake_ms } = await received(snapshot, [base.commit, head.commit]);
  await using reader = scratch.reader(repository);
  const times = [`intake ${intake_ms.toFixed(0)}`];
  const timed = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const started = performance.now();
    const result = await work();
    times.push(`${name} ${(performance.now() - started).toFixed(0)}`);
    return result;
  };
  const { entries } = await timed("list", () => reader.listTree(head.tree, 100_000));
  const diff = reader.diff(base.tree, head.tree, DIFF_LIMITS);
  const files = await timed("diff", () => Array.fromAsync(diff));
  expect(await timed("digest", () => reader.treeSha256(entries))).toHaveLength(64);
  process.stderr.write(`${FILES} files, pack ${(pack_bytes / 1e6).toFixed(1)} MB, ms: ${times.join(", ")}\n`);
  const added = files.filter(({ change, truncated, hunks }) => change.status === "added" && !truncated && hunks[0]?.lines.length === 1);
  // One of the new files has the place of the old one, and no content is shared.
  expect([entries.length, files.length, added.length, diff.gaps]).toEqual([FILES, FILES, FILES - 1, { files_omitted: false, renames_limited: false }]);
}, 120_000);

test("more deleted and added files than rename detection takes: that is said, and all of them come", async () => {
  const snapshot = new Snapshot();
  const names = Array.from({ length: 1_050 }, (_, n) => n);
  const base = snapshot.commit(names.map((n) => `old ${n}\n`), 1);
  const subtree = snapshot.tree(names.map((n) => ["100644", `g${String(n).padStart(4, "0")}`, snapshot.add("blob", utf8(`new ${n * 7}\n`.repeat(3)))] as const));
  const tree = snapshot.tree([["40000", "elsewhere", subtree]]);
  const head = snapshot.add("commit", utf8(`tree ${tree}\n${KNOWN_PEOPLE}`));
  const { repository } = await received(snapshot, [base.commit, head]);
  await using reader = scratch.reader(repository);
  const diff = reader.diff(base.tree, tree, DIFF_LIMITS);
  const files = await Array.fromAsync(diff);
  expect([files.length, diff.gaps.renames_limited]).toEqual([2_100, true]);
});
