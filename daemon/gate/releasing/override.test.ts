/** Breaking the glass, approvals by path, and what would be: the core, its log and its checks are real. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { canonicalText } from "../../../proto/canonical.ts";
import { fromBase64 } from "../../../proto/encoding.ts";
import { peopleProblem } from "../../config/people.ts";
import { ownUser } from "../../testing/tenants.ts";
import { FakeSecurityKey } from "../../testing/ssh.ts";
import { UID } from "../../testing/core.ts";
import { verifyBundle } from "../../verifier/index.ts";
import { AGENT_MESSAGE, ALICE, BOB, deciding, peer, Releasing } from "./testing/releasing.ts";

// A gate is a second's work of several processes where others work beside it.
setDefaultTimeout(120_000);

const FOCUSED = { "src/a.test.ts": 'test.only("a", () => {});\n' };
const OVERRIDE = { kind: "override", reason: "production is down" } as const;
const denied = (detail: string) => ({ code: "release.denied", detail: expect.stringMatching(detail) });
const never = new AbortController().signal;

describe("override", () => {
  let one: Releasing;
  beforeAll(async () => {
    one = await Releasing.open({ override: { expires_s_max: 7200 } });
  });
  afterAll(() => one[Symbol.asyncDispose]());

  test("releases a refusal until it ends; the admit ends with it, and afterwards it is refused again", async () => {
    const { result, source, base, head } = await one.held(FOCUSED, "a change");
    expect(result.verdict).toBe("refuse");
    const released = await one.release(head, ALICE, { ...OVERRIDE, expires_s: 3600 });
    expect([released.verdict, released.card.releases]).toMatchObject(["admit", [{ kind: "override", person: "alice", counts: true }]]);
    const statement = verifyBundle(fromBase64(released.bundle)!, one.world.core.evidence.trust_bytes, { now: new Date(one.world.clock.now_ms()) }).statement!;
    const { issued_at, valid_until } = statement.predicate.attempt;
    expect(Date.parse(valid_until) - Date.parse(issued_at)).toBeLessThanOrEqual(3_600_000);
    expect(statement.predicate.releases?.[0]?.expires).toBe(valid_until);
    one.world.clock.advance(3_600_000);
    const after = await one.gate(source, base, head);
    expect([after.verdict, after.card.warnings.some((text) => text.includes("it ended"))]).toEqual(["refuse", true]);
  });

  test("what could not be told is released too, but not a change that does not merge", async () => {
    const broken = await one.held({ "src/a.ts": "export const a = 2;\n" }, "a change", { "maestro.yaml": "version: 1\nnonsense: 1\n" });
    expect((await one.release(broken.head, ALICE, OVERRIDE)).verdict).toBe("admit");
    const { source, base } = await one.base();
    source.git("switch", "-qc", "other", base);
    const target = await source.commit({ "src/a.ts": "export const a = 5;\n" }, "upstream");
    source.git("switch", "-qc", "conflicting", base);
    const head = await source.commit({ "src/a.ts": "export const a = 6;\n" }, "a change");
    expect(deciding(await one.gate(source, target, head, ownUser(UID), [base]))).toEqual(["gate.conflict"]);
    await expect(one.ask(head, OVERRIDE)).rejects.toMatchObject({ code: "release.nothing", detail: expect.stringContaining("nothing to merge") });
  });

  test("attack: somebody who may only approve, a term beyond the operator's, the author of the change", async () => {
    const { head } = await one.held(FOCUSED, "a change\n\nCo-authored-by: Bob <1+bob-gh@users.noreply.github.com>");
    await expect(one.ask(head, OVERRIDE, 2004)).rejects.toMatchObject(denied("may not override"));
    await expect(one.ask(head, { ...OVERRIDE, expires_s: 7201 })).rejects.toMatchObject(denied("7200"));
    await expect(one.ask(head, OVERRIDE, BOB)).rejects.toMatchObject(denied("author"));
  });

  test("key removed from the table: what it released is held again, at once", async () => {
    const { source, base, head } = await one.held();
    const offer = await one.askCarol(head);
    expect((await one.answer(offer, UID, one.sign(offer))).verdict).toBe("admit");
    const without = one.world.config.people!.map((person) => (person.id === "carol" ? { ...person, ssh_keys: [new FakeSecurityKey().line] } : person));
    await one.world.stop();
    Object.assign(one.world.config, { people: without });
    await one.world.start();
    const again = await one.gate(source, base, head);
    expect([again.verdict, again.card.releases, again.card.warnings.some((text) => text.includes("no longer carol's"))]).toEqual(["hold", undefined, true]);
  });
});

describe("an override that needs two people", () => {
  let one: Releasing;
  beforeAll(async () => {
    one = await Releasing.open({ override: { persons: 2 } });
  });
  afterAll(() => one[Symbol.asyncDispose]());

  test("the first is on record and waits; the same person again is no second; another one is", async () => {
    const { head } = await one.held(FOCUSED, "a change");
    const first = await one.release(head, ALICE, OVERRIDE);
    expect([first.verdict, first.card.releases]).toMatchObject(["refuse", [{ person: "alice", counts: false }]]);
    await expect(one.ask(head, OVERRIDE)).rejects.toMatchObject(denied("another person"));
    const offer = await one.ask(head, OVERRIDE, BOB);
    expect(offer.request.second_of).toBe(first.card.releases![0]!.statement_sha256);
    const second = await one.answer(offer, BOB);
    expect([second.verdict, second.card.releases?.map(({ person, counts }) => [person, counts])]).toEqual(["admit", [["alice", true], ["bob", true]]]);
  });

  test("attack: one person under two names is refused as a configuration", () => {
    const key = new FakeSecurityKey().line;
    const twice = (mine: object, other: object) => peopleProblem({ people: [{ id: "a", may: ["override"], ...mine }, { id: "b", may: ["override"], ...other }] })?.because ?? "";
    expect(twice({ uids: [5] }, { uids: [5] })).toContain("two names of one person");
    expect(twice({ ssh_keys: [key] }, { ssh_keys: [`${key.split(" ").slice(0, 2).join(" ")} another-comment`] })).toContain("two names of one person");
    expect(twice({ emails: ["A@x.org"] }, { emails: ["a@x.org"] })).toContain("two names of one person");
    expect(twice({ uids: [5] }, { uids: [6] })).toBe("");
    expect(peopleProblem({ people: [{ id: "a", may: ["override"] }], override: { persons: 2 } })?.because).toContain("2 people, and 1");
  });
});

describe("approvals by path", () => {
  let one: Releasing;
  const OWNERS = { "maestro.yaml": "version: 1\napprovals: [{paths: [src/pay], from: [codeowners], count: 2}]\n", "CODEOWNERS": "src/pay/ @alice-gh @bob-gh\nsrc/pay/free\n" };
  beforeAll(async () => {
    one = await Releasing.open({ approvals: [{ paths: ["ops/**"], from: ["group:payments"], count: 1 }] });
  });
  afterAll(() => one[Symbol.asyncDispose]());

  test("hold until enough of the owners approved this head; the card says who could", async () => {
    const { result, head } = await one.held({ "src/pay/x.ts": "export {};\n" }, "a change", OWNERS);
    expect([result.verdict, deciding(result)]).toEqual(["hold", ["approval.required"]]);
    expect(result.card.reasons[0]?.because).toBe("2 of: alice, bob; nobody yet; for src/pay/x.ts");
    const offer = await one.askCarol(head);
    const by_carol = await one.answer(offer, UID, one.sign(offer));
    expect([by_carol.verdict, by_carol.card.reasons[0]?.because]).toEqual(["hold", "2 of: alice, bob; nobody yet; for src/pay/x.ts"]);
    const by_alice = await one.release(head, ALICE);
    expect([by_alice.verdict, by_alice.card.reasons[0]?.because]).toEqual(["hold", "1 of: bob; so far alice; for src/pay/x.ts"]);
    expect((await one.release(head, BOB)).verdict).toBe("admit");
  });

  test("the host's own rule, a path nobody owns, and owners that the change itself writes", async () => {
    const ops = await one.held({ "ops/run.sh": "true\n" }, "a change");
    expect([deciding(ops.result), ops.result.card.reasons[0]?.because]).toEqual([["approval.required"], "1 of: alice, bob; nobody yet; for ops/run.sh"]);
    const free = await one.held({ "src/pay/free": "x\n" }, "a change", OWNERS);
    expect(free.result.verdict).toBe("admit");
    const own = await one.held({ "src/pay/x.ts": "export {};\n", "CODEOWNERS": "* @mallory\n" }, "a change", OWNERS);
    expect(own.result.card.reasons.find(({ rule }) => rule === "approval.required")?.because).toContain("2 of: alice, bob");
  });

  test("without the file it asks for, nobody can be told to have approved", async () => {
    const { result, head } = await one.held({ "src/pay/x.ts": "export {};\n" }, "a change", { "maestro.yaml": OWNERS["maestro.yaml"] });
    expect(result.card.reasons[0]?.because).toContain("no CODEOWNERS file");
    await one.release(head, ALICE);
    expect((await one.release(head, BOB)).verdict).toBe("hold");
  });

  test("whoever left the group no longer counts: the old admit is not given again", async () => {
    const { source, base, head } = await one.held({ "ops/other.sh": "true\n" }, "a change");
    expect((await one.release(head, ALICE)).verdict).toBe("admit");
    await one.world.stop();
    Object.assign(one.world.config, { groups: { payments: ["bob"] } });
    await one.world.start();
    const again = await one.gate(source, base, head);
    expect([again.verdict, again.recorded, again.card.reasons[0]?.because]).toEqual(["hold", false, "1 of: bob; nobody yet; for ops/other.sh"]);
    Object.assign(one.world.config, { groups: { payments: ["alice", "bob"] } });
  });

  test("a simulation says what would be, and leaves nothing behind", async () => {
    const { head } = await one.held({ "src/pay/x.ts": "export {};\n", ".github/workflows/test.yml": "on: push\njobs: {z: {}}\n" }, AGENT_MESSAGE, OWNERS);
    const before = one.world.kept();
    const simulate = (approve: string[], rules: Record<string, "off" | "refuse"> = {}) => one.world.core.simulator.run(ownUser(UID), peer(UID), { gate: head, approve, rules }, never);
    expect((await simulate(["alice"])).card.verdict).toBe("hold");
    const both = await simulate(["alice", "bob"]);
    expect([both.simulated, both.card.verdict, both.card.gate_id, both.card.warnings[0]]).toEqual([true, "admit", null, expect.stringContaining("SIMULATION")]);
    expect((await simulate(["alice", "bob"], { "ci.changed": "refuse" })).card.verdict).toBe("refuse");
    expect((await simulate(["alice", "mallory"], { "ci.changed": "off" })).ignored[0]).toContain("not among the people");
    await expect(simulate([], { "gate.empty": "off" })).rejects.toMatchObject({ code: "request.malformed" });
    expect(one.world.kept()).toEqual(before);
    expect(canonicalText(before)).toContain("gates");
  });
});

test("attack: time of the log that stands still holds no override open", async () => {
  await using one = await Releasing.open({ override: { expires_s_max: 7200 } });
  const { source, base, head } = await one.held(FOCUSED, "a change");
  expect((await one.release(head, ALICE, { ...OVERRIDE, expires_s: 3600 })).verdict).toBe("admit");
  one.world.clock.setWall(one.world.clock.now_ms() + 7_200_000);
  const after = await one.gate(source, base, head);
  expect([after.verdict, one.world.core.evidence.frozen() === null, after.card.warnings.some((text) => text.includes("it ended"))]).toEqual(["refuse", false, true]);
});
