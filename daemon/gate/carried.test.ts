/** Answers that come along with a change: when they count, and every way in which somebody might have others believed. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { GateResult } from "../../proto/api.ts";
import type { Bundle } from "../../proto/bundle.ts";
import { fromBase64 } from "../../proto/encoding.ts";
import type { Source } from "../platform/git/testing/scratch.ts";
import { World } from "../testing/core.ts";
import { skipWithout } from "../testing/skip.ts";
import { hideLeaves } from "../verifier/index.ts";
import { carriedAnswers, carriedDigest } from "./carried.ts";

setDefaultTimeout(60_000);
const sandboxed = skipWithout(Bun.which("bwrap") !== null, "carried answers: needs bubblewrap");
const REF = "refs/heads/main";
const YAML = "version: 1\ncarried: [command.lint, command.fails]\ncommands:\n  lint: {run: [sh, -c, 'true']}\n  other: {run: [sh, -c, 'true']}\n  fails: {run: [sh, -c, 'exit 1']}\n";
type Rules = Parameters<typeof carriedAnswers>[2];
const HOST = { carried: ["command.lint", "command.other", "command.fails"] };

describe.skipIf(sandboxed)("carried evidence", () => {
  let world: World;
  let source: Source;
  let base: string;
  let head: string;
  let first: GateResult;

  const gate = async (of: string, carried?: string): Promise<GateResult> => world.gate(await world.received(source, [of, base]), { target_ref: REF, target: base, head: of, rerun: true, ...(carried === undefined ? {} : { carried }) });
  const seen = ({ card }: GateResult) => Object.fromEntries(card.checks.filter(({ check }) => check.startsWith("command.")).map(({ check, observer }) => [check, observer ?? "here"]));
  const RUN_ALL = { "command.lint": "here", "command.other": "here", "command.fails": "here" };
  const RULES: Rules = { mode: "local", carried: ["command.lint"], commands: { lint: { run: ["true"] } }, obligations: {} };
  const answers = (evidence: Uint8Array, change: Partial<Rules>, later_s = 0) => carriedAnswers(evidence, world.identityOf(first), { ...RULES, ...change }, world.core.evidence.trust, world.core.evidence.now_s() + later_s);
  const bytes = ({ bundle }: GateResult): Uint8Array => fromBase64(bundle) ?? expect.unreachable();

  beforeAll(async () => {
    world = await World.open(HOST);
    source = world.scratch.source("carried");
    base = await source.commit({ "maestro.yaml": YAML, "a.ts": "export const a = 1;\n" });
    head = await source.commit({ "b.ts": "export const b = 2;\n" });
    first = await gate(head);
    expect(seen(first)).toEqual(RUN_ALL);
  });
  afterAll(() => world[Symbol.asyncDispose]());

  test("what host and base both name is not run, the rest is; leaf and card name the evidence and its signer", async () => {
    const second = await gate(head, first.bundle);
    expect(seen(second)).toEqual({ ...RUN_ALL, "command.lint": "external" });
    const { manifest } = JSON.parse(new TextDecoder().decode(bytes(second))) as Bundle;
    const leaf = manifest.leaves.flatMap((slot) => ("leaf" in slot && slot.leaf.kind === "check" && slot.leaf.name === "command.lint" ? [slot.leaf] : []))[0];
    expect([leaf?.observer, leaf?.coverage_gap]).toEqual(["external", expect.stringMatching(new RegExp(`${carriedDigest(bytes(first))}.*signed by SHA256:`))]);
    expect(second.card.warnings.filter((one) => one.includes("carried")).join("\n")).toMatch(/command\.lint was carried[^]*command\.fails was run[^]*fail/);
    // What was carried is no answer for whoever asks without it, and carries no further.
    const third = await world.gate(await world.received(source, [head, base]), { target_ref: REF, target: base, head });
    expect([third.recorded, seen(third)]).toEqual([false, RUN_ALL]);
    expect(seen(await gate(head, second.bundle))).toEqual(RUN_ALL);
  });

  test("attack: another head's evidence, a byte changed, the answer hidden, another node's own key, nonsense", async () => {
    const other = await source.commit({ "c.ts": "export const c = 3;\n" });
    expect(seen(await gate(other, first.bundle))).toEqual(RUN_ALL);
    const changed = Buffer.from(bytes(first));
    changed[changed.length >> 1] = (changed[changed.length >> 1] ?? 0) ^ 1;
    const bare = hideLeaves(bytes(first), ["check/command.lint"]);
    await using stranger = await World.open(HOST);
    const theirs = await stranger.gate(await stranger.received(source, [head, base]), { target_ref: REF, target: base, head });
    for (const carried of [new Uint8Array(changed), bare, bytes(theirs), new Uint8Array([1, 2, 3])]) {
      const found = answers(carried, {});
      expect([found.outcomes.size, found.said.join()]).toEqual([0, expect.stringMatching(/signature|manifest|log\.|statement|bundle\.malformed|signer\.unknown|does not show it/)]);
    }
  });

  test("attack: evidence whose time is over; a self-made trust file in mode host; a change whose base or host names nothing", () => {
    const asked = (change: Partial<Rules>, later_s = 0) => answers(bytes(first), change, later_s);
    expect(asked({}).outcomes.size).toBe(1);
    for (const [found, because] of [[asked({}, 90_000), "ended"], [asked({ mode: "host" }), "self-made"], [asked({ carried: [] }), "neither host nor base"], [asked({ obligations: { covered: { from: { command: "lint", file: "x" }, format: "json", kind: "boolean" } } }), "obligations are measured"]] as const) {
      expect([found.outcomes.size, found.said.join()]).toEqual([0, expect.stringContaining(because)]);
    }
  });
});
