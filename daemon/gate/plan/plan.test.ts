/** Announcements, answered by the real checks and the real policy in a real check process. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { World } from "../../e2e/testing/world.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { PlanReply, PlanRequest } from "../../../proto/plan.ts";
import { systemClock } from "../../platform/clock.ts";
import type { Amount } from "../../tenants/index.ts";
import { tenant } from "../../testing/tenants.ts";
import { Judging } from "../testing/judging.ts";
import { Planner } from "./index.ts";

let world: World;
beforeAll(async () => {
  world = new World();
  await world.daemon();
}, 120_000);
afterAll(() => world.dispose());

const ask = (announced: Partial<PlanRequest>): Promise<PlanReply> => world.client.plan({ repository: "demo", files: [], actions: [], ...announced });
const rules = ({ reasons }: PlanReply): string[] => reasons.map(({ rule, effect }) => `${rule} ${effect}`);

describe("files", () => {
  test("plain source is allowed, and what was not seen is said", async () => {
    const reply = await ask({ files: [{ path: "src/a.ts", lines: 20 }] });
    expect(reply).toMatchObject({ answer: "allow", actor: "agent", reasons: [] });
    expect(reply.not_seen.join("\n")).toContain("contents");
  });

  test("a guard, CI and a change too large to read each ask for a person, by the rules of the gate", async () => {
    expect(rules(await ask({ files: [{ path: "maestro.yaml" }] }))).toEqual(["guard.self-edit hold"]);
    expect(rules(await ask({ files: [{ path: ".github/workflows/ci.yml" }] }))).toEqual(["ci.changed hold"]);
    const large = await ask({ files: [{ path: "src/a.ts", lines: 700 }, { path: "src/b.ts", lines: 200 }] });
    expect([large.answer, rules(large)]).toEqual(["ask", ["size.unreviewable hold"]]);
    expect(large.next[0]?.action).toBe("split_change");
  });

  test("the same files are another answer for a person: effects are the policy's, not the plan's", async () => {
    const reply = await ask({ files: [{ path: "AGENTS.md" }], actor: "human" });
    expect([reply.answer, reply.actor, rules(reply)]).toEqual(["allow", "human", ["guard.self-edit note"]]);
  });

  test("attack: a pattern or a folder that reaches a guard is no way to keep it out of the announcement", async () => {
    for (const path of ["**", ".claude/", "{maestro,other}.yaml", ".", "./", ".github", ".github/./workflows//ci.yml", ".GitHub/", "maestro.yaml/", "{MAESTRO,x}.yaml"]) {
      const reply = await ask({ files: [{ path }] });
      expect([path, reply.answer]).toEqual([path, "ask"]);
    }
    for (const path of ["src/**/*.ts", "src", "src/", "./src//a.ts", "github"]) expect([path, (await ask({ files: [{ path }] })).answer]).toEqual([path, "allow"]);
  });

  test("attack: a path that hides what it is", async () => {
    expect(rules(await ask({ files: [{ path: "src/a\u0007b.ts", does: "create" }] }))).toContain("path.unsafe refuse");
  });
});

describe("paths that are none of the repository's", () => {
  test.each(["../../etc/passwd", "/etc/passwd", "src/../../x", "..", "./../x", "{..,src}/x", "~/.ssh/id", "C:\\x", "..\\x"])("attack: %s is refused, not answered", async (path) => {
    const because = { code: "request.malformed", detail: expect.stringContaining("is no path inside the repository") };
    await expect(ask({ files: [{ path: "src/a.ts" }, { path }] })).rejects.toMatchObject(because);
    await expect(ask({ actions: [{ do: "install", packages: [{ name: "left-pad", manifest: path }] }] })).rejects.toMatchObject(because);
  });

  test("on the command line the same words, as a mistake in its use", async () => {
    const source = await world.repository();
    const ran = await world.run(["plan", "../../etc/passwd"], { cwd: source.path });
    expect([ran.code, ran.stderr]).toEqual([2, expect.stringContaining("is no path inside the repository")]);
  });

  test("dots that are no step upward are names", async () => {
    expect((await ask({ files: [{ path: "./src/..a/b...ts" }, { path: "src/..." }] })).answer).toBe("allow");
  });
});

describe("packages", () => {
  test("a new package asks for a person", async () => {
    const reply = await ask({ actions: [{ do: "install", packages: [{ name: "left-pad" }] }] });
    expect([reply.answer, rules(reply)]).toEqual(["ask", ["dep.new-runtime hold"]]);
  });

  test("a manifest whose packages nobody named cannot be told, which is never an allow", async () => {
    const reply = await ask({ files: [{ path: "package.json" }] });
    expect(reply.answer).toBe("ask");
    expect(reply.next[0]?.text).toContain("which packages");
  });
});

describe("actions", () => {
  test("an agent's approval is refused; a push without a verdict is asked to be gated first", async () => {
    expect(rules(await ask({ actions: [{ do: "approve" }] }))).toEqual(["plan.approval refuse"]);
    const push = await ask({ actions: [{ do: "push", head: "a".repeat(40) }] });
    expect([push.answer, rules(push), push.next[0]?.command]).toEqual(["ask", ["plan.push-ungated hold"], ["maestro", "gate"]]);
  });

  test("a push of a commit that stands admitted is allowed, and of one that was refused is refused", async () => {
    const good = await world.changed({}, { "src/b.ts": "export const b = 2;\n" });
    const admitted = await world.judged(good);
    const repository = good.path.split("/").at(-1)!;
    expect([admitted.verdict, (await ask({ repository, actions: [{ do: "push", head: admitted.card.head }] })).answer]).toEqual(["admit", "allow"]);
    const bad = await world.changed({}, { "src/b.ts": "<<<<<<< a\nx\n=======\ny\n>>>>>>> b\n" });
    const refused = await world.judged(bad);
    const reply = await ask({ repository: bad.path.split("/").at(-1)!, actions: [{ do: "push", head: refused.card.head }] });
    expect([refused.verdict, reply.answer, rules(reply)]).toEqual(["refuse", "refuse", ["plan.push-refused refuse"]]);
    // The verdict of one repository says nothing of another that happens to hold the same commit.
    expect((await ask({ repository: "elsewhere", actions: [{ do: "push", head: admitted.card.head }] })).answer).toBe("ask");
  }, 120_000);

  test("an empty announcement and an unknown field are refused, not allowed", async () => {
    await expect(ask({})).rejects.toThrow(MaestroError);
    await expect(world.client.plan({ repository: "demo", files: [], actions: [{ do: "approve" }], allow: true } as PlanRequest)).rejects.toThrow("allow");
  });
});

describe("budget", () => {
  test("work that the tenant's budget does not cover is refused, with what is left; work that names no size needs something left", async () => {
    await using judging = new Judging();
    const { host, pool } = judging;
    const asked: Amount[] = [];
    const left = (short: string | null) => ({ left: (_who: unknown, amount: Amount) => (asked.push(amount), short) });
    const planner = (short: string | null) => new Planner({ host, pool, clock: systemClock, gates: { newest: () => [], named: () => null }, tenants: left(short), host_policy: { path: "/nonexistent" } });
    const request: PlanRequest = { repository: "demo", files: [], actions: [{ do: "spend" }] };
    const principal = tenant("web", 7);
    const refused = await planner("web: 0 of wall_us are left").plan(principal, { ...request, budget: { wall_us: 60_000_000 } }, new AbortController().signal);
    expect([refused.answer, refused.reasons[0]?.because]).toEqual(["refuse", "web: 0 of wall_us are left"]);
    expect((await planner(null).plan(principal, request, new AbortController().signal)).answer).toBe("allow");
    expect(asked).toEqual([{ wall_us: 60_000_000, cpu_us: 1, model_tokens: 1 }, { wall_us: 1, cpu_us: 1, model_tokens: 1 }]);
  });

  test("attack: another tenant's repository is none that may be asked about", async () => {
    await using judging = new Judging();
    const planner = new Planner({ host: judging.host, pool: judging.pool, clock: systemClock, gates: { newest: () => [], named: () => null }, tenants: { left: () => null }, host_policy: { path: "/nonexistent" } });
    const bound = tenant("web", 7, { named: true, repositories: [["mine"]] });
    await expect(planner.plan(bound, { repository: "theirs", files: [], actions: [{ do: "spend" }] }, new AbortController().signal)).rejects.toThrow("theirs");
  });
});
