/** Real gates over real git: what is asked again and what is not, and how anybody sees which. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { GateResult } from "../../../proto/api.ts";
import { fromBase64 } from "../../../proto/encoding.ts";
import type { Bundle } from "../../../proto/bundle.ts";
import { renderMarkdown } from "../../cli/card/markdown.ts";
import { renderTerminal } from "../../cli/card/terminal.ts";
import { collect } from "../facts/collect.ts";
import type { Source } from "../../platform/git/testing/scratch.ts";
import { World } from "../../testing/core.ts";
import { ownUser } from "../../testing/tenants.ts";

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world[Symbol.asyncDispose]());

let count = 0;
const REF = "refs/heads/main";

interface Forked {
  readonly source: Source;
  readonly name: string;
  readonly base: string;
  readonly head: string;
}

async function forked(files: Record<string, string> = { "src/b.ts": "export const b = 2;\n" }): Promise<Forked> {
  const name = `reuse${count++}`;
  const source = world.scratch.source(name);
  const base = await source.commit({ "src/a.ts": "export const a = 1;\n" });
  source.git("checkout", "-q", "-b", "change");
  const head = await source.commit(files);
  return { source, name, base, head };
}

async function gate({ source, name }: Pick<Forked, "source" | "name">, target: string, head: string, more: { rerun?: boolean; uid?: number } = {}): Promise<GateResult> {
  const intake = await world.received(source, [target, head], name, ownUser(more.uid ?? 7));
  return world.gate(intake, { target_ref: REF, target, head, ...(more.rerun === true ? { rerun: true } : {}) });
}

const reusedOf = ({ card }: GateResult): string[] => card.checks.filter(({ reused }) => reused !== undefined).map(({ check }) => check).sort();
const moveBase = async ({ source }: Forked, files: Record<string, string | null>): Promise<string> => {
  source.git("checkout", "-q", "main");
  return source.commit(files);
};

describe("a change whose base moved, or that was rebased", () => {
  test("what reads only the change is not asked again, is named on card, face and leaf, and gives the same verdict", async () => {
    const change = await forked({ "src/b.ts": "export const b = 2;\ndebugger;\n" });
    const first = await gate(change, change.base, change.head);
    expect(reusedOf(first)).toEqual([]);
    const moved = await moveBase(change, { "other/c.ts": "export const c = 3;\n" });
    const second = await gate(change, moved, change.head);
    const reused = reusedOf(second);
    // `paths` has the whole tree before it, so it looks again.
    expect(reused).toEqual(["ci", "dependencies", "guards", "invariants", "learning", "modelcheck", "secrets", "size", "tests", "text", "waivers"].filter((check) => reused.includes(check)));
    expect(reused).toContain("text");
    expect(reused).not.toContain("paths");
    expect([second.verdict, second.card.reasons]).toEqual([first.verdict, first.card.reasons]);
    const from = { gate_id: first.gate_id, attempt: 1 };
    expect(second.card.checks.find(({ check }) => check === "text")?.reused).toEqual(from);
    for (const face of [renderTerminal(second.card), renderMarkdown(second.card)]) expect(face.replaceAll(/\s+/g, " ")).toContain("re-used from attempt 1 of gate:");
    const { manifest } = JSON.parse(Buffer.from(fromBase64(second.bundle)!).toString()) as Bundle;
    const tools = manifest.leaves.flatMap((slot) => ("leaf" in slot && slot.leaf.kind === "check" ? [[slot.leaf.name, slot.leaf.tool.split("; ")[1] ?? null]] : []));
    expect(Object.fromEntries(tools)["text"]).toBe(`re-used from attempt 1 of ${first.gate_id}`);
    expect(Object.fromEntries(tools)["paths"]).toBeNull();
    world.identityOf(second);
  }, 120_000);

  test("a rebase gives its commits other names, which no check minds that finds nothing in them; --rerun asks everybody", async () => {
    const change = await forked();
    const first = await gate(change, change.base, change.head);
    const moved = await moveBase(change, { "other/c.ts": "export const c = 3;\n" });
    change.source.git("rebase", "-q", "main", "change");
    const rebased = change.source.git("rev-parse", "change");
    const second = await gate(change, moved, rebased);
    expect(reusedOf(second)).toContain("text");
    expect(reusedOf(second)).toContain("secrets");
    expect(second.verdict).toBe(first.verdict);
    const third = await gate(change, moved, rebased, { rerun: true });
    expect([third.attempt, reusedOf(third)]).toEqual([2, []]);
  }, 120_000);

  test("a credential in a commit's words is found again under the commit's new name, and one that comes with the rebase is found", async () => {
    const token = `xoxb-${"263594206564"}-2343594206574-FGqddMF8t08v8N7Oq4i57vs1`;
    const change = await forked();
    change.source.git("checkout", "-q", "change");
    change.source.git("commit", "-q", "--amend", "-m", `add ${token}`);
    const first = await gate(change, change.base, change.source.git("rev-parse", "HEAD"));
    expect(first.card.checks.find(({ check }) => check === "secrets")?.result).toBe("fail");
    const moved = await moveBase(change, { "other/c.ts": "1\n" });
    change.source.git("rebase", "-q", "main", "change");
    const rebased = change.source.git("rev-parse", "change");
    const second = await gate(change, moved, rebased);
    expect([reusedOf(second).includes("secrets"), JSON.stringify(second.card.reasons).includes(rebased.slice(0, 9))]).toEqual([false, true]);
    const clean = await forked();
    await gate(clean, clean.base, clean.head);
    clean.source.git("checkout", "-q", "change");
    clean.source.git("commit", "-q", "--amend", "-m", `add ${token}`);
    const third = await gate(clean, clean.base, clean.source.git("rev-parse", "HEAD"));
    expect([reusedOf(third).includes("secrets"), third.card.checks.find(({ check }) => check === "secrets")?.result]).toEqual([false, "fail"]);
  }, 120_000);

  test("a re-used answer names the attempt that asked, not the one that re-used it", async () => {
    const change = await forked();
    const first = await gate(change, change.base, change.head);
    await gate(change, await moveBase(change, { "other/c.ts": "1\n" }), change.head);
    const third = await gate(change, await moveBase(change, { "other/d.ts": "1\n" }), change.head);
    expect(third.card.checks.find(({ check }) => check === "text")?.reused).toEqual({ gate_id: first.gate_id, attempt: 1 });
  }, 120_000);
});

describe("inputs that look alike and are not", () => {
  test("paths that join to the same text, a rename, a mode and a link: nothing of another's is taken", async () => {
    const source = world.scratch.source(`alike${count++}`);
    const base = await source.commit({ "a/bc": "x\n", "ab/c": "y\n", moved: "one\ntwo\nthree\nfour\n" });
    const variants: (() => Promise<string>)[] = [
      () => source.commit({ "a/bc": "debugger\n" }),
      () => source.commit({ "ab/c": "debugger\n" }),
      async () => (source.git("mv", "moved", "renamed.ts"), source.commit({})),
      () => source.commit({ moved: null, "copied.ts": "one\ntwo\nthree\nfour\nfive\n" }),
      async () => (source.git("update-index", "--chmod=+x", "moved"), source.git("commit", "-q", "-m", "mode"), source.git("rev-parse", "HEAD")),
      async () => (await Bun.$`rm ${source.path}/moved && ln -s a/bc ${source.path}/moved`.quiet(), source.commit({})),
    ];
    const taken: string[][] = [];
    for (const make of variants) {
      source.git("checkout", "-q", "-f", "--detach", base);
      source.git("reset", "-q", "--hard", base);
      taken.push(reusedOf(await gate({ source, name: "alike" }, base, await make())));
    }
    expect(taken).toEqual(variants.map(() => []));
  }, 120_000);

  test("another repository, another user and another threshold ask for themselves", async () => {
    const change = await forked();
    await gate(change, change.base, change.head);
    const moved = await moveBase(change, { "other/c.ts": "1\n" });
    expect(reusedOf(await gate({ ...change, name: `${change.name}-other` }, moved, change.head))).toEqual([]);
    expect(reusedOf(await gate(change, moved, change.head, { uid: 8 }))).toEqual([]);
    // In mode local the configuration that counts is the merge base's, so the change is made anew on top of it.
    const stricter = await moveBase(change, { "maestro.yaml": "version: 1\nthresholds: {size_lines_max: 700}\n" });
    change.source.git("rebase", "-q", "main", "change");
    expect(reusedOf(await gate(change, stricter, change.source.git("rev-parse", "change")))).toEqual([]);
  }, 120_000);

  test("a secret that comes with the rebase is found: the changed file is another input", async () => {
    const change = await forked();
    await gate(change, change.base, change.head);
    change.source.git("checkout", "-q", "change");
    const head = await change.source.commit({ "src/b.ts": "export const b = 2;\ndebugger;\n" });
    const second = await gate(change, change.base, head);
    expect([reusedOf(second), second.card.checks.find(({ check }) => check === "text")?.result]).toEqual([[], "fail"]);
  }, 120_000);
});

test("attack: a check process that was taken over claims the digests of another change; that change is still looked at itself", async () => {
  const change = await forked({ "src/b.ts": "export const b = 2;\n" });
  change.source.git("checkout", "-q", "-b", "victim", change.base);
  const victim = await change.source.commit({ "src/b.ts": "export const b = 2;\ndebugger;\n" });
  const { name, source, base, head } = change;
  const intake = await world.received(source, [base, head, victim], name, ownUser(7));
  const { git_dir, object_format } = await world.core.repositories.open(intake.repo_id, intake.object_format);
  const { host } = world.core.options;
  const job = { kind: "facts", git: { ...world.core.tools }, git_dir, object_format, target: base, head: victim, want_tree_sha256: true, trusted_target: false, facts_path: join(world.scratch.root, "facts.json"), policy_path: join(world.scratch.root, "policy"), deadline_ms: 30_000, limits: host.limits.facts, declared: { commands: {}, obligations: {} } } as const;
  const { reply } = await collect(job);
  const { parts = {}, facts_sha256, config } = reply;
  const { keeper } = world.told({ reads: ["files"], facts: { parts, facts_sha256, config } });
  const told = await world.gate(intake, { target_ref: REF, target: base, head }, keeper);
  expect([told.verdict, told.card.checks.find(({ check }) => check === "text")?.result]).toEqual(["admit", "pass"]);
  const asked = await gate(change, base, victim);
  expect([reusedOf(asked), asked.card.checks.find(({ check }) => check === "text")?.result]).toEqual([[], "fail"]);
}, 120_000);

test("answers outlive a restart and not their age", async () => {
  const change = await forked();
  await gate(change, change.base, change.head);
  const moved = await moveBase(change, { "other/c.ts": "1\n" });
  await world.stop();
  await world.start();
  expect(reusedOf(await gate(change, moved, change.head))).toContain("text");
  const later = await moveBase(change, { "other/d.ts": "1\n" });
  world.clock.advance(8 * 86_400_000);
  expect(reusedOf(await gate(change, later, change.head))).toEqual([]);
}, 120_000);

test("attack: a clock that jumps ahead freezes log time: no answer outlives its age, and none of that time is believed once the clock is back", async () => {
  const change = await forked();
  const [, now_ms] = [await gate(change, change.base, change.head), world.clock.now_ms()];
  world.clock.setWall(now_ms + 400 * 86_400_000);
  const moved = await moveBase(change, { "other/c.ts": "export const c = 3;\n" });
  expect(reusedOf(await gate(change, moved, change.head))).toEqual([]);
  world.clock.setWall(now_ms);
  const again = await moveBase(change, { "other/c.ts": "export const c = 4;\n" });
  expect(reusedOf(await gate(change, again, change.head))).toEqual([]);
}, 120_000);
