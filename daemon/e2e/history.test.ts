/** Histories as they come: what is known is judged, what is not is held, and no objects leak from one repository to another. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { planChange } from "../client/pack.ts";
import { sendPack } from "../cli/send-pack.ts";
import { Source } from "../platform/git/testing/scratch.ts";
import { decisive, type GateDocument, World } from "./testing/world.ts";

setDefaultTimeout(120_000);
let world: World;
beforeAll(async () => {
  world = new World();
  await world.daemon();
});
afterAll(() => world.dispose());

const CLEAN = { "src/b.ts": "export const b = 2;\n" };
const seen = (gate: GateDocument & { readonly code: number }) => ({ code: gate.code, decisive: decisive(gate), files: gate.card.files, added: gate.card.added_lines });
const held = (rule: string): Record<string, unknown> => ({ code: 3, verdict: "hold", decisive: [rule] });
const said = (gate: GateDocument & { readonly code: number }): Record<string, unknown> => ({ code: gate.code, verdict: gate.verdict, decisive: decisive(gate) });

describe("changes that are known", () => {
  test("a root commit is judged against nothing", async () => {
    expect(seen(await world.judged(await world.repository()))).toEqual({ code: 0, decisive: [], files: 1, added: 1 });
  });

  test("a merge commit is what it brings to its first parent", async () => {
    const source = await world.changed({}, CLEAN);
    source.git("switch", "-q", "main");
    await source.commit({ "src/main.ts": "export const m = 1;\n" });
    source.git("merge", "-q", "--no-ff", "-m", "merge the change", "change");
    expect(seen(await world.judged(source))).toEqual({ code: 0, decisive: [], files: 1, added: 1 });
  });

  test("a branch that is behind its target shows its own lines only, and not those it lacks", async () => {
    const source = await world.changed({}, CLEAN);
    source.git("switch", "-q", "main");
    await source.commit({ "test/a.test.ts": `test.only("reads", () => expect(1).toBe(1));\n` }, "somebody else's fault");
    source.git("switch", "-q", "change");
    expect(seen(await world.judged(source))).toEqual({ code: 0, decisive: [], files: 1, added: 1 });
  });

  test("a repository of SHA-256 objects", async () => {
    Bun.spawnSync(["git", "init", "-q", "--template=", "-b", "main", "--object-format=sha256", world.path("sha256")], { env: { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: world.home } });
    const source = new Source(world.path("sha256"), "sha256");
    await source.commit(CLEAN, "first");
    const gate = await world.judged(source);
    expect(seen(gate)).toEqual({ code: 0, decisive: [], files: 1, added: 1 });
    expect(gate.card.head).toHaveLength(64);
  });
});

describe("changes that are held because they cannot be told", () => {
  test("a conflict with the target names the path", async () => {
    const source = await world.changed({}, { "src/a.ts": "export const a = 2;\n" });
    source.git("switch", "-q", "main");
    await source.commit({ "src/a.ts": "export const a = 3;\n" });
    source.git("switch", "-q", "change");
    const gate = await world.judged(source);
    expect(said(gate)).toEqual(held("gate.conflict"));
    expect(gate.card.reasons[0]?.ranges[0]?.path).toEqual({ u: "src/a.ts" });
  });

  test("an empty commit, and one that undoes itself", async () => {
    const empty = await world.changed({}, {});
    const undone = await world.changed({}, CLEAN);
    await undone.commit({ "src/b.ts": null }, "never mind");
    const gates = await Promise.all([world.judged(empty), world.judged(undone)]);
    expect(gates.map(said)).toEqual([held("gate.empty"), held("gate.empty")]);
  });

  test("attack: a fault hidden behind the edge of a shallow clone", async () => {
    const source = await world.changed({}, { "test/a.test.ts": `test.only("reads", () => expect(1).toBe(1));\n` });
    await source.commit(CLEAN, "innocent");
    source.git("switch", "-q", "main");
    await source.commit({ "src/main.ts": "export const m = 1;\n" });
    source.git("switch", "-q", "change");
    source.git("clone", "-q", "--depth=1", "--no-single-branch", `file://${source.path}`, world.path("shallow"));
    source.git("clone", "-q", "--depth=1", "--branch=change", `file://${source.path}`, world.path("one"));
    const [both, one] = await Promise.all([world.judged(new Source(world.path("shallow")), ["--target", "origin/main"]), world.judged(new Source(world.path("one")))]);
    for (const gate of [both, one]) {
      expect(gate.code).toBe(3);
      expect(decisive(gate)).toContain("gate.history-unknown");
      expect(gate.card.next.map(({ action }) => action)).toContain("fetch_history");
      expect(gate.card.checks.every(({ result }) => result === "unavailable")).toBe(true);
    }
  });

  test("a criss-cross with two merge bases, and histories that share nothing", async () => {
    const crossed = await world.repository();
    crossed.git("branch", "other");
    const left = await crossed.commit({ "src/l.ts": "l();\n" });
    crossed.git("switch", "-q", "other");
    const right = await crossed.commit({ "src/r.ts": "r();\n" });
    crossed.git("merge", "-q", "-m", "one way", left);
    crossed.git("switch", "-q", "main");
    crossed.git("merge", "-q", "-m", "the other way", right);
    await crossed.commit({ "src/m.ts": "m();\n" });
    const strangers = await world.repository();
    strangers.git("switch", "-q", "--orphan", "alone");
    await strangers.commit(CLEAN, "from nowhere");
    const gates = await Promise.all([world.judged(crossed, ["--target", "other"]), world.judged(strangers, ["--target", "main"])]);
    for (const gate of gates) {
      expect(gate.code).toBe(3);
      expect(decisive(gate)).toContain("gate.history-unknown");
    }
  });
});

test("attack: another repository's commit is out of reach, even for the user who sent both", async () => {
  const mine = await world.changed({}, CLEAN);
  const other = await world.changed({}, { "src/secret.ts": "export const plan = 1;\n" });
  await world.judged(other);
  const plan = await planChange(mine.path, {});
  const { client } = world;
  const intake_id = await sendPack(client, plan);
  for (const named of [{ head: other.git("rev-parse", "HEAD"), target: plan.target }, { head: plan.head, target: other.git("rev-parse", "HEAD") }]) {
    let verdict = "none";
    try {
      for await (const event of client.gate({ intake_id, target_ref: "refs/heads/main", ...named })) if (event.event === "result") verdict = event.verdict;
    } catch (error) {
      expect(error).toHaveProperty("code");
    }
    expect(verdict).not.toBe("admit");
    expect(verdict).not.toBe("refuse");
  }
});

test("the same change under two authorities: another gate, and the same identity but for the authority's name", async () => {
  const first = await world.changed({}, CLEAN);
  const copy = new World();
  try {
    first.git("clone", "-q", "--branch=change", `file://${first.path}`, copy.path("clone"));
    const second = new Source(copy.path("clone"));
    second.git("remote", "remove", "origin");
    second.git("branch", "main", "HEAD^");
    first.git("clone", "-q", "--bare", `file://${first.path}`, world.path("x/clone"));
    const identityOf = async (where: World, source: Source) => {
      const gate = await where.judged(source, ["--target", "main", "--head", "change"]);
      const bundle = JSON.parse(await Bun.file(gate.bundle).text()) as { attestations: [{ dsseEnvelope: { payload: string } }] };
      const statement = JSON.parse(Buffer.from(bundle.attestations[0].dsseEnvelope.payload, "base64").toString()) as { predicate: { identity: Record<string, unknown> } };
      return { gate_id: gate.gate_id, identity: statement.predicate.identity };
    };
    const [a, b, again] = [await identityOf(world, new Source(world.path("x/clone"))), await identityOf(copy, second), await identityOf(copy, second)];
    expect(a.gate_id).not.toBe(b.gate_id);
    expect(again).toEqual(b);
    expect({ ...a.identity, trust_domain: "", repo_id: "" }).toEqual({ ...b.identity, trust_domain: "", repo_id: "" });
    expect(a.identity["trust_domain"]).not.toBe(b.identity["trust_domain"]);
    expect(a.identity["repo_id"]).toBe(b.identity["repo_id"]);
  } finally {
    await copy.dispose();
  }
});
