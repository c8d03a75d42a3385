/** Random histories, answered by git itself in the whole repository, and by us from what is left after random commits were withheld. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import fc from "fast-check";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Scratch, Source } from "./testing/scratch.ts";
import { times } from "../../testing/scale.ts";
import { SEED } from "../../testing/seed.ts";

const COMMITS = 14;
let scratch: Scratch;
let folder: string;

beforeAll(async () => {
  scratch = await Scratch.create();
  folder = mkdtempSync(join(tmpdir(), "maestro-dag-"));
});
afterAll(() => {
  scratch.dispose();
  rmSync(folder, { recursive: true, force: true });
});

interface Shape {
  readonly parents: readonly (readonly number[])[];
  readonly dates: readonly number[];
  readonly withheld: readonly number[];
  /** Dates rise with each commit, as honest ones do. */
  readonly honest: boolean;
}

const shape: fc.Arbitrary<Shape> = fc.record({
  parents: fc.tuple(...Array.from({ length: COMMITS }, (_, at) => (at === 0 ? fc.constant([]) : fc.uniqueArray(fc.integer({ min: Math.max(0, at - 5), max: at - 1 }), { minLength: at > 2 ? 1 : 0, maxLength: 3 })))),
  dates: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: COMMITS, maxLength: COMMITS }),
  honest: fc.boolean(),
  withheld: fc.uniqueArray(fc.integer({ min: 0, max: COMMITS - 3 }), { maxLength: 3 }),
});

let shapes = 0;

/** One repository made by fast-import; returns its commit ids in order. */
function build({ parents, dates, honest }: Shape): { source: Source; oids: string[] } {
  const source = scratch.source(`dag-${shapes++}`);
  const script = parents.map((of, at) => {
    const [first, ...others] = of.map((parent) => `:${parent + 1}`);
    const lines = [`commit refs/heads/c${at}`, `mark :${at + 1}`, `committer A <a@b> ${honest ? at + 1 : dates[at]} +0000`, `data 2\nc\n`.trimEnd(), ...(first === undefined ? [] : [`from ${first}`]), ...others.map((other) => `merge ${other}`), ""];
    return lines.join("\n");
  });
  source.bytes(["fast-import", "--quiet"], `${script.join("\n")}\n`);
  return { source, oids: source.git("rev-parse", ...parents.map((_, at) => `refs/heads/c${at}`)).split("\n") };
}

function truth(source: Source, a: string, b: string): string[] {
  return Bun.spawnSync({ cmd: ["git", "merge-base", "--all", a, b], cwd: source.path }).stdout.toString().split("\n").filter((line) => line !== "").sort();
}

test(`merge bases: what is called known is what git says of the whole history (seed ${SEED})`, async () => {
  let known = 0;
  let unknown = 0;
  await fc.assert(
    fc.asyncProperty(shape, async (drawn) => {
      const { source, oids } = build(drawn);
      const kept = oids.filter((_, at) => !drawn.withheld.includes(at));
      const tips = [...new Set(oids.slice(-2))];
      const repository = await scratch.store.open(`local:0:${source.path}`, "sha1");
      await scratch.receive(repository, { tips }, source.body([...new Set(kept)], tips));
      await using reader = scratch.reader(repository);
      const [a = "", b = ""] = [oids.at(-1), oids.at(-2)];
      const found = await reader.history.mergeBases(a, b);
      if (!found.known) {
        unknown++;
        // Without a cut there is always an answer.
        expect(drawn.withheld.length).toBeGreaterThan(0);
        return;
      }
      known++;
      expect([...found.bases].sort()).toEqual(truth(source, a, b));
      const ours = await reader.history.commits(found.bases[0] ?? null, a, 100);
      if (ours.gap === null && found.bases[0] !== undefined) {
        const own = source.git("rev-list", a, `^${found.bases[0]}`).split("\n").filter((line) => line !== "");
        const listed = ours.commits.map(({ oid }) => oid);
        expect(own.filter((oid) => !listed.includes(oid))).toEqual([]);
        if (drawn.honest && drawn.withheld.length === 0) expect(listed.sort()).toEqual(own.sort());
      }
    }),
    { numRuns: times(16), seed: SEED, endOnFailure: true },
  );
  expect([known > 0, unknown > 0]).toEqual([true, true]);
}, 120_000);
