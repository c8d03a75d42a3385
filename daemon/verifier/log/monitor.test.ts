/** What a stranger's look at a log refuses, each by the step that found it. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { utf8 } from "../../../proto/encoding.ts";
import { times } from "../../testing/scale.ts";
import { parseCheckpoint } from "../checkpoint.ts";
import { parseNote } from "../note.ts";
import { knownIn, monitorLog, type Monitored } from "./monitor.ts";
import { checkpointOf, entriesOf, LogMaker, reading, type Site } from "./testing/site.ts";

const log = new LogMaker();
const ENTRIES = entriesOf(600);
const [EARLY, NEWEST] = [log.site(ENTRIES, 200), log.site(ENTRIES)];

const look = (site: Site, before: Site | null = EARLY, full = false): Promise<Monitored> => monitorLog({ checkpoint: before === null ? null : checkpointOf(before), keys: [log.key] }, reading(site), full);
const without = (site: Site, change: (copy: Site) => void): Site => {
  const copy = new Map(site);
  change(copy);
  return copy;
};
const rootOf = (site: Site): Uint8Array => parseCheckpoint(parseNote(checkpointOf(site))!.text)!.root;
const signed = (size: number, of: Site): Site => without(of, (copy) => copy.set("checkpoint", utf8(log.sign(size, rootOf(of)))));
const flipped = (bytes: Uint8Array | undefined): Uint8Array => bytes!.with(-1, bytes!.at(-1)! ^ 1);

test("a log that only grew is consistent, and what it remembers is enough for the next look", async () => {
  const first = await look(EARLY, null, true);
  if (first.result !== "consistent") throw new Error(first.detail);
  expect(first).toMatchObject({ before: null, entries_checked: 200, newest: { size: 200 } });
  const again = await monitorLog(knownIn(first.state)!, reading(NEWEST), true);
  expect(again).toMatchObject({ result: "consistent", before: { size: 200 }, newest: { size: 600 }, entries_checked: 600 });
});

test("any two sizes of one log are consistent; a partial tile that became full meanwhile is read from the full one", async () => {
  const widest = entriesOf(1_100);
  const grown = log.site(widest);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 1_100 }), fc.integer({ min: 0, max: 1_100 }), async (a, b) => {
      const [before, now] = [Math.min(a, b), Math.max(a, b)];
      const shown = log.site(widest, now);
      // A slow reader took this checkpoint; since then the log grew, and its server removed what full tiles replaced.
      const later = new Map([...grown, ...[...shown].filter(([path]) => path === "checkpoint" || !grown.has(path.replace(/\.p\/\d+$/, "")))]);
      const looked = await look(later, log.site(widest, before), true);
      expect(looked).toMatchObject({ result: "consistent", entries_checked: now });
    }),
    { numRuns: times(25) },
  );
});

describe("attack", () => {
  const cases: readonly (readonly [name: string, step: string, site: () => Site, before?: Site | null, full?: boolean])[] = [
    ["a fork: as many entries, another one among them", "fork", () => log.site([...ENTRIES.slice(0, 199), utf8("changed")]), EARLY],
    ["a fork that grew on", "fork", () => log.site([utf8("changed"), ...ENTRIES.slice(1)])],
    ["a rollback to an honest earlier size", "rollback", () => log.site(ENTRIES, 199)],
    ["a log that began anew", "rollback", () => log.site([])],
    ["an entry less, and the size of before", "fork", () => signed(200, log.site(ENTRIES, 199))],
    ["a root of another size", "root", () => without(log.site(ENTRIES, 599), (copy) => copy.set("checkpoint", utf8(log.sign(599, rootOf(NEWEST)))))],
    ["roots of two sizes swapped", "root", () => without(NEWEST, (copy) => copy.set("checkpoint", utf8(log.sign(600, rootOf(EARLY)))))],
    ["a foreign origin, signed by the right key", "origin", () => without(NEWEST, (copy) => copy.set("checkpoint", utf8(log.sign(600, new Uint8Array(32), "log.other.example"))))],
    ["another log's checkpoint under our origin", "signer", () => new LogMaker().site(ENTRIES)],
    ["a signature that does not fit", "signature", () => without(NEWEST, (copy) => copy.set("checkpoint", utf8(checkpointOf(NEWEST).replace("\n600\n", "\n601\n"))))],
    ["two signatures by one key", "signature", () => without(NEWEST, (copy) => copy.set("checkpoint", utf8(checkpointOf(NEWEST) + checkpointOf(NEWEST).split("\n\n")[1]!)))],
    ["no checkpoint", "checkpoint", () => without(NEWEST, (copy) => copy.delete("checkpoint"))],
    ["a checkpoint that is none", "checkpoint", () => without(NEWEST, (copy) => copy.set("checkpoint", utf8("600\n")))],
    ["a tile cut short", "tiles", () => without(NEWEST, (copy) => copy.set("tile/0/002.p/88", copy.get("tile/0/002.p/88")!.slice(0, -32)))],
    ["a tile made longer", "tiles", () => without(NEWEST, (copy) => copy.set("tile/0/002.p/88", new Uint8Array(89 * 32)))],
    ["a tile that is missing", "tiles", () => without(NEWEST, (copy) => copy.delete("tile/1/000.p/2"))],
    ["a bit of the tiles that the proof needs", "root", () => without(NEWEST, (copy) => copy.set("tile/1/000.p/2", flipped(copy.get("tile/1/000.p/2"))))],
    ["two tiles in each other's place", "entries", () => without(NEWEST, (copy) => { copy.set("tile/0/000", NEWEST.get("tile/0/001")!); copy.set("tile/0/001", NEWEST.get("tile/0/000")!); }), null, true],
    ["tiles and entry bundles both in each other's place", "entries", () => without(NEWEST, (copy) => { for (const of of ["0", "entries"]) { copy.set(`tile/${of}/000`, NEWEST.get(`tile/${of}/001`)!); copy.set(`tile/${of}/001`, NEWEST.get(`tile/${of}/000`)!); } }), null, true],
    ["an entry bundle cut short", "entries", () => without(NEWEST, (copy) => copy.set("tile/entries/001", copy.get("tile/entries/001")!.slice(0, -1))), null, true],
    ["an entry left out of its bundle", "entries", () => without(NEWEST, (copy) => copy.set("tile/entries/001", copy.get("tile/entries/001")!.slice(11))), null, true],
    ["a bit of an entry", "entries", () => without(NEWEST, (copy) => copy.set("tile/entries/000", flipped(copy.get("tile/entries/000")))), null, true],
    ["changes of the key that are none", "rotation", () => without(NEWEST, (copy) => copy.set("rotations.json", utf8('{"rotations":[{}]}')))],
  ];
  test.each(cases)("%s: refused at step %s, with both checkpoints", async (_name, step, site, before = EARLY, full = false) => {
    const shown = site();
    const looked = await look(shown, before, full);
    expect(looked).toMatchObject({ result: "refused", step, before: before === null ? null : checkpointOf(before), offered: shown.has("checkpoint") ? expect.anything() : null });
  });

  test("a look without --full does not claim what it did not read", async () => {
    const harmed = without(NEWEST, (copy) => copy.set("tile/entries/000", flipped(copy.get("tile/entries/000"))));
    expect(await look(harmed)).toMatchObject({ result: "consistent", entries_checked: 0 });
  });

  test("a checkpoint of before that this log never signed is no ground to stand on", async () => {
    expect(await look(NEWEST, new LogMaker().site(ENTRIES, 200))).toMatchObject({ result: "refused", step: "signer" });
    const other = new LogMaker("log.other.example");
    expect(await monitorLog({ checkpoint: checkpointOf(other.site(ENTRIES, 200)), keys: [log.key, other.key] }, reading(NEWEST), false)).toMatchObject({ result: "refused", step: "origin" });
    expect(await monitorLog({ checkpoint: "nothing", keys: [log.key] }, reading(NEWEST), false)).toMatchObject({ result: "refused", step: "before" });
  });
});
