/** Whose a failed test is: real sandboxes over real trees, and a tool that numbers its runs. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import type { Mode } from "../../proto/change.ts";
import type { Judgement } from "../gate/judge.ts";
import { Judge } from "../gate/judge.ts";
import { failedTests } from "../gate/failed-tests.ts";
import { createSandbox } from "../platform/sandbox/index.ts";
import type { Sandbox } from "../platform/sandbox/job.ts";
import type { Source } from "../platform/git/testing/scratch.ts";
import { openStore, type Store } from "../store/db.ts";
import { World } from "../testing/core.ts";
import { skipWithout } from "../testing/skip.ts";
import { openTestHistory, type TestHistory } from "./history.ts";

setDefaultTimeout(120_000);

const sandboxed = skipWithout(Bun.which("bwrap") !== null, "whose a failed test is: needs bubblewrap");

/** Reads `file name state`; `odd` fails in runs 1, 3, ...; `gone` leaves no report in run 2. */
const RUNNER = `out=/scratch/j.xml
grep -q gone tests.txt && [ "$RUN" = 2 ] && exit 1
echo '<testsuite name="s">' > $out
while read -r file name state; do
bad=; [ "$state" = fail ] && bad=1; [ "$state" = gone ] && bad=1; [ "$state" = odd ] && [ $((RUN % 2)) = 1 ] && bad=1
if [ -n "$bad" ]; then printf '<testcase classname="s" name="%s" file="%s"><failure message="no"/></testcase>' "$name" "$file" >> $out
else printf '<testcase classname="s" name="%s" file="%s"/>' "$name" "$file" >> $out; fi
done < tests.txt
echo '</testsuite>' >> $out
! grep -q failure $out
`;
const CONFIG = "version: 1\ncommands:\n  unit:\n    run: [sh, run.sh]\n    output: {junit: j.xml}\n";
const T = "pkg/t.test.js";

let world: World;
let sandbox: Sandbox;
let store: Store;
let history: TestHistory;
let runs = 0;
let serial = 0;
beforeAll(async () => {
  world = await World.open({ limits: { sandbox: { wall_ms: 20_000 } } });
  const real = createSandbox({ worker: world.core.options.host.limits.worker, private_paths: [world.state_dir], work_paths: [join(world.state_dir, "trees")] });
  sandbox = { ...real, close: () => real.close(), run: (job, ...rest) => real.run({ ...job, env: { ...job.env, RUN: String(++runs) } }, ...rest) };
  // Of its own, because the daemon's has one owner already.
  store = openStore({ state_dir: join(world.state_dir, "history"), limits: world.core.options.host.limits.store, fatal: (reason) => { throw reason; } });
  history = openTestHistory({ store, now_s: () => 1_000 });
});
afterAll(async () => {
  await sandbox.close();
  await store.close();
  await world[Symbol.asyncDispose]();
});

interface Case {
  readonly base?: string;
  readonly head: string;
  readonly files?: Record<string, string>;
  readonly config?: string;
  readonly mode?: "local" | "fork";
}

/** One repository for all, so that its history is one. */
async function judged({ base = `${T} t pass\n`, head, files = {}, config = "", mode = "local" }: Case): Promise<Judgement> {
  const source = world.scratch.source(`mine${++serial}`);
  const target = await source.commit({ "maestro.yaml": CONFIG + config, "run.sh": RUNNER, "tests.txt": base, [T]: "old\n", serial: String(serial) }, "base");
  const tip = await source.commit({ "tests.txt": head, ...files }, "change");
  return await judgedCommits({ source, target, head: tip, mode });
}

/** As it was pushed; `first_run` numbers the tool's first run of this gate. */
async function judgedCommits({ source, target, head, mode = "local", repo = "mine", first_run = 1 }: { source: Source; target: string; head: string; mode?: Mode; repo?: string; first_run?: number }): Promise<Judgement> {
  const { tools, pool, repositories, options } = world.core;
  const intake = await world.received(source, [target, head], repo);
  const judge = new Judge({ history, host: options.host, git: tools, pool, sandbox, clock: world.clock, scratch_dir: join(world.state_dir, "scratch"), trees_dir: join(world.state_dir, "trees"), host_policy: { path: join(world.state_dir, "host-policy.tar.gz"), name: "default" } });
  const never = new AbortController().signal;
  await using lane = judge.lane(never, "t");
  runs = first_run - 1;
  // Awaited, or the lane would be given back before it is used.
  return await judge.judge({ repository: await repositories.open(intake.repo_id, "sha1"), mode, target_ref: "refs/heads/main", target, head, want_tree_sha256: false, fresh: true, tools: { handed: [] } }, lane, { stage: () => undefined, check: () => undefined }, never);
}

const unit = ({ outcomes }: Judgement) => outcomes.find(({ check }) => check === "command.unit")!;
const said = (judgement: Judgement): string[] => [judgement.decision.verdict, ...unit(judgement).findings.map(({ test: one }) => `${one?.name} ${one?.class}: ${one?.because}`)];

/** Both answers on six trees of before, by the product's own writer. */
function makeKnown(judgement: Judgement): void {
  const id = unit(judgement).findings[0]!.test!.id;
  const place = { repo_id: "local:7:mine", command: "unit" };
  for (let n = 1; n <= 6; n++) {
    history.ran(place, n.toString(16).padStart(40, "0"), [id], []);
    history.ran(place, n.toString(16).padStart(40, "0"), [], [id]);
  }
  expect([...history.rates(place, [id]).keys()]).toEqual([id]);
}

describe.skipIf(sandboxed)("a failed test", () => {
  test("is yours where the base passes it or the change touches its folder, and the base's where it fails there the same way", async () => {
    const base = `${T} t pass\nold/o.test.js o fail\nlib/l.test.js l pass\n`;
    const judgement = await judged({ base, head: `${T} t fail\nold/o.test.js o fail\nlib/l.test.js l fail\n`, files: { "pkg/code.js": "new\n" } });
    expect(said(judgement)).toEqual(["refuse", "s t yours: the change touches its folder", "s o base: it fails on the base's own tree, too", "s l yours: the base passes it"]);
    expect(failedTests(unit(judgement)).tests).toEqual({ failed: 3, yours: 2, base: 1, flaky: 0, quarantined: 0, undecided: 0 });
    expect(runs).toBe(2);
  });

  test("that nobody knows is run once and fails, however it would have ended the next time", async () => {
    const judgement = await judged({ head: `${T} t odd\n` });
    expect([said(judgement), runs]).toEqual([["refuse", "s t yours: the base passes it"], 2]);
    makeKnown(judgement);
  });

  test("that is known to be flaky and passes when run again is a note with its rate and both runs", async () => {
    const judgement = await judged({ head: `${T} t odd\n` });
    expect(said(judgement)).toEqual(["admit", expect.stringMatching(/^s t flaky: known flaky: both answers on 6 trees in 1[0-9] runs \(\d+\.\d to \d+\.\d %\); it failed in run 1 and passed in run 2 of this tree$/)]);
    expect(judgement.decision.reasons.find(({ accepted }) => accepted === "flaky")?.effect).toBe("note");
    expect(unit(judgement).gaps).toContainEqual({ what: "a known flaky test failed, so the command ran twice", because: "run 1: 1 failed; run 2: 0 failed" });
  });

  test("attack: known to be flaky and broken now: it fails twice and refuses", async () => {
    const judgement = await judged({ head: `${T} t fail\n` });
    expect(said(judgement)).toEqual(["refuse", expect.stringContaining("s t yours: the base passes it; it failed when run again; known flaky")]);
  });

  test("attack: the second run leaves no report, or the change touches the test: nothing excuses it", async () => {
    const gone = await judged({ head: `${T} t gone\n` });
    expect([gone.decision.verdict, unit(gone).findings[0]?.test?.retried]).toEqual(["refuse", "not_run"]);
    const touched = await judged({ head: `${T} t odd\n`, files: { [T]: "new\n" } });
    expect(said(touched)).toEqual(["refuse", "s t yours: the change touches its file"]);
  });

  test("attack: the report names no file of the tree and the change touches tests: nothing says that it leaves this one alone", async () => {
    const [base, head] = ["- n pass\n", "- n odd\n"];
    makeKnown(await judged({ base, head }));
    const touched = await judged({ base, head, files: { [T]: "new\n" } });
    expect(said(touched)).toEqual(["refuse", "s n undecided: the report does not say in which file of the tree it stands, and the change touches tests"]);
    expect((await judged({ base, head, files: { "src/code.js": "new\n" } })).decision.verdict).toBe("admit");
  });

  test("attack: an author alone pushes what it likes: no run of it teaches anything, neither of a head nor of what stood within a branch that landed", async () => {
    const source = world.scratch.source("author");
    const base = await source.commit({ "maestro.yaml": CONFIG, "run.sh": RUNNER, "tests.txt": `${T} t pass\n`, [T]: "old\n" }, "base");
    const taught = () => history.watched({ repo_id: "local:7:author", command: "unit" }).length;
    const first = await source.commit({ "tests.txt": `${T} t fail\n` }, "one");
    for (const mode of ["local", "host"] as const) await judgedCommits({ source, target: base, head: first, mode, repo: "author" });
    expect(taught()).toBe(0);
    const second = await source.commit({ serial: "2" }, "two");
    const tip = await source.commit({ serial: "3" }, "three");
    // All have landed in one branch of the author's: what stands within it was never the target, neither this head nor its parent.
    await judgedCommits({ source, target: tip, head: second, mode: "host", repo: "author" });
    expect(taught()).toBe(0);
    await judgedCommits({ source, target: tip, head: tip, mode: "fork", repo: "author" });
    expect(taught()).toBe(0);
    await judgedCommits({ source, target: tip, head: tip, mode: "host", repo: "author" });
    expect(taught()).toBe(1);
  });

  test("that fails on the target's own tree is watched from then on", async () => {
    const source = world.scratch.source("tip");
    const base = await source.commit({ "maestro.yaml": CONFIG, "run.sh": RUNNER, "tests.txt": `${T} t odd\n` }, "base");
    const head = await source.commit({ "tests.txt": `${T} t fail\n` }, "change");
    // Run 2 is the head's, run 3 the base's.
    await judgedCommits({ source, target: base, head, repo: "tip", first_run: 2 });
    expect(history.watched({ repo_id: "local:7:tip", command: "unit" })).toHaveLength(1);
  });

  test("that the trusted base quarantines is accepted by its owner until its last day, and by nobody after it", async () => {
    const entry = (until: string) => `quarantine: [{ test: "s q*", owner: team, reason: issue 7, until: ${until} }]\n`;
    const base = `${T} t pass\nlib/q.test.js q1 pass\n`;
    const head = `${T} t pass\nlib/q.test.js q1 fail\n`;
    const accepted = await judged({ base, head, config: entry("2030-01-01") });
    expect(said(accepted)).toEqual(["admit", "s q1 quarantined: accepted by team until 2030-01-01"]);
    const over = await judged({ base, head, config: entry("2020-01-01") });
    expect([over.decision.verdict, over.decision.reasons.some(({ rule }) => rule === "waiver.expired")]).toEqual(["refuse", true]);
    // Its own quarantine is no word of the base's.
    const own = await judged({ base, head, files: { "maestro.yaml": CONFIG + entry("2030-01-01") } });
    expect([own.decision.verdict, unit(own).findings[0]?.test?.class]).toEqual(["refuse", "yours"]);
  });
});
