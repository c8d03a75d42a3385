/** Findings of a declared command beside those on the base's own tree: real sandbox, real trees. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { GateResult } from "../../proto/api.ts";
import type { Outcome } from "../../proto/outcome.ts";
import { World } from "../testing/core.ts";
import { skipWithout } from "../testing/skip.ts";
import { KeptBases, type BaseRun } from "./kept-bases.ts";

setDefaultTimeout(120_000);

let world: World;
let serial = 0;
beforeAll(async () => {
  world = await World.open({ limits: { sandbox: { wall_ms: 20_000 } } });
});
afterAll(() => world[Symbol.asyncDispose]());

const sandboxed = skipWithout(Bun.which("bwrap") !== null, "findings of commands beside the base's: needs bubblewrap");

/** A linter of one rule, in SARIF, that fails where it finds something. */
const LINT = `out=/scratch/out.sarif
sep=""
printf '{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"lint"}},"results":[' > $out
for f in src/*.js; do for n in $(grep -n "eval(" "$f" | cut -d: -f1); do
printf '%s{"ruleId":"no-eval","level":"error","message":{"text":"eval is not used here"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"%s"},"region":{"startLine":%s}}}]}' "$sep" "$f" "$n" >> $out
sep=,
done; done
printf ']}]}' >> $out
[ -z "$sep" ]
`;
const CONFIG = (script: string) => `version: 1\ncommands:\n  lint:\n    run: [sh, ${script}]\n    output: {sarif: out.sarif}\n`;
type Files = Record<string, string | null>;

async function gated(base: Files, head: Files): Promise<GateResult> {
  const source = world.scratch.source(`source${++serial}`);
  const target = await source.commit({ "maestro.yaml": CONFIG("lint.sh"), "lint.sh": LINT, ...base }, "base");
  const tip = await source.commit(head, "change");
  return world.gate(await world.received(source, [target, tip], `demo${serial}`), { target_ref: "refs/heads/main", target, head: tip });
}

const said = ({ verdict, card }: GateResult) => [verdict, ...card.reasons.map(({ rule, effect, accepted }) => `${rule} ${effect}${accepted === undefined ? "" : ` ${accepted}`}`)];

describe.skipIf(sandboxed)("a required linter on a repository that was never clean", () => {
  test("holds nobody for what was there, counts what is gone, and refuses what is new", async () => {
    const base = { "src/a.js": "eval(one)\n", "src/b.js": "x();\neval(two)\n" };
    const known = await gated(base, { "src/a.js": null, "src/c.js": "x();\n  eval(one)\n" });
    expect(said(known)).toEqual(["admit", "command.lint.no-eval note existing"]);
    const worse = await gated(base, { "src/b.js": "x();\neval(three)\n" });
    expect(said(worse)).toEqual(["refuse", "command.lint.no-eval refuse", "command.lint.no-eval note existing"]);
    expect(worse.card.compared).toMatchObject({ new: 1, existing: 1, fixed: [{ rule: "command.lint.no-eval", count: 1 }], not_compared: [] });
  });

  test("where the base gives no answer everything stays new, and the card says why", async () => {
    const result = await gated({ "src/a.js": "eval(one)\n", "lint.sh": "exit 3\n" }, { "lint.sh": LINT });
    expect(said(result)).toContain("command.lint.no-eval refuse");
    expect([result.card.baseline, result.card.compared?.not_compared[0]?.because]).toEqual(["partly", expect.stringContaining("no whole answer on the base's own tree: its report: it left no /scratch/out.sarif")]);
  });
});

describe("what is kept of a base", () => {
  const run: BaseRun = { repo_id: "r", object_format: "sha1", tree: "a".repeat(40), name: "lint", command: { run: ["lint"] }, mounts: {}, tier: "own", tools: null };
  const outcome = (change: Partial<Outcome> = {}): Outcome => ({ check: "command.lint", result: "pass", because: null, observer: "sandbox", findings: [], findings_cut: 0, gaps: [], ...change });

  test("is found again by everything it follows from, and by nothing less", () => {
    const kept = new KeptBases();
    kept.put(run, outcome());
    expect(kept.get({ ...run })).toEqual(outcome());
    for (const other of [{ repo_id: "s" }, { tree: "b".repeat(40) }, { name: "x" }, { command: { run: ["lint", "--fix"] } }, { tier: "fork" }, { tools: "t" }, { mounts: { a: { folders: [] } } }]) expect(kept.get({ ...run, ...other })).toBeNull();
  });

  test("is never what is not known", () => {
    const kept = new KeptBases();
    kept.put(run, outcome({ result: "unavailable", because: "killed" }));
    kept.put(run, outcome({ result: "fail", findings_cut: 1 }));
    expect(kept.get(run)).toBeNull();
  });

  test("is bounded: the oldest goes first", () => {
    const kept = new KeptBases();
    for (let at = 0; at < 129; at++) kept.put({ ...run, repo_id: `r${at}` }, outcome());
    expect([kept.get({ ...run, repo_id: "r0" }), kept.get({ ...run, repo_id: "r1" })]).toEqual([null, outcome()]);
  });
});
