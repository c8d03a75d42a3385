/** A person releases what was held: every way in, every way around. Core, log, store, git and checks are real. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { canonicalText } from "../../../proto/canonical.ts";
import { fromBase64 } from "../../../proto/encoding.ts";
import { verifyBundle, verifyRelease } from "../../verifier/index.ts";
import { FakeSecurityKey } from "../../testing/ssh.ts";
import { UID } from "../../testing/core.ts";
import { requireOwnUser } from "./proof.ts";
import { ALICE, BOB, deciding, Releasing, type Held } from "./testing/releasing.ts";
import { ENTRIES } from "../../testing/entries.ts";

// A gate is a second's work of several processes where others work beside it.
setDefaultTimeout(120_000);

let one: Releasing;
beforeAll(async () => {
  one = await Releasing.open({ tenants: [{ id: "ci", uids: [2004] }] });
});
afterAll(() => one[Symbol.asyncDispose]());

const size = () => one.world.core.evidence.logState().size;
const denied = (detail: string | RegExp) => ({ code: "release.denied", detail: expect.stringMatching(detail) });

describe("an approval", () => {
  test("releases what the person saw: a new attempt, admitted, that names them in card, statement and leaf", async () => {
    const { result, head } = await one.held();
    expect([result.verdict, deciding(result)]).toEqual(["hold", ["ci.changed"]]);
    expect(result.card.next.find(({ action }) => action === "ask_person")?.command).toEqual(["maestro", "approve", head.slice(0, 12), "--reason", "what you looked at"]);
    const before = size();
    const admitted = await one.release(head);
    expect([admitted.verdict, admitted.attempt, admitted.gate_id, size() - before]).toEqual(["admit", 2, result.gate_id, 1 + ENTRIES.decided]);
    expect(admitted.card.reasons.find(({ rule }) => rule === "ci.changed")).toMatchObject({ effect: "note", because: expect.stringContaining("approved by alice") });
    const verification = verifyBundle(fromBase64(admitted.bundle)!, one.world.core.evidence.trust_bytes, { now: new Date(one.world.clock.now_ms()), leaf: `release/approve/${before}` });
    expect(verification).toMatchObject({ result: "verified", statement: { predicate: { verdict: "admit", releases: [{ kind: "approve", person: "alice", rules: ["ci.changed"], log_index: before, counts: true }] } } });
    expect(verification.leaf?.leaf).toMatchObject({ source_sha256: admitted.card.releases![0]!.statement_sha256 });
  });

  test("attack: the reason is the one that the card shows to be typed, or nothing", async () => {
    const { head } = await one.held();
    const before = size();
    for (const reason of ["what you looked at", "  what you looked at "]) await expect(one.ask(head, { reason })).rejects.toMatchObject({ code: "request.malformed" });
    expect(size()).toBe(before);
  });

  test("is evidence of its own: the bundle in the store verifies offline, and not with a word changed", async () => {
    const { head } = await one.held();
    const { card } = await one.release(head);
    const { artifacts, evidence } = one.world.core;
    const name = `release-${card.releases![0]!.statement_sha256.slice(0, 32)}`;
    const digest = (await artifacts.getArtifact(name))!.manifest.layers[0]!.digest;
    const bytes = (await artifacts.blobs.get(digest))!;
    const now = new Date(one.world.clock.now_ms());
    expect(verifyRelease(bytes, evidence.trust, now)).toMatchObject({ result: "verified", release: { request: { person: "alice", head }, proof: { by: "uid", uid: ALICE } } });
    const other = JSON.parse(new TextDecoder().decode(bytes)) as { dsseEnvelope: { payload: string } };
    other.dsseEnvelope.payload = Buffer.from(Buffer.from(other.dsseEnvelope.payload, "base64").toString().replace('"person":"alice"', '"person":"mallo"')).toString("base64");
    expect(verifyRelease(new TextEncoder().encode(canonicalText(other)), evidence.trust, now).result).toBe("failed");
  });

  test("by a security key, from the very user that submitted the change", async () => {
    const { head } = await one.held();
    const offer = await one.askCarol(head);
    const admitted = await one.answer(offer, UID, one.sign(offer));
    expect([admitted.verdict, admitted.card.releases]).toMatchObject(["admit", [{ person: "carol", proof: "ssh-key" }]]);
  });

  test("stands for the head: gated again it is admitted, and a moved base keeps what was seen", async () => {
    const { source, base, head } = await one.held();
    await one.release(head);
    expect((await one.gate(source, base, head)).verdict).toBe("admit");
    source.git("switch", "-qc", "moved", base);
    const moved = await source.commit({ "docs/x.md": "x\n" }, "upstream");
    const again = await one.gate(source, moved, head);
    expect([again.verdict, again.attempt, again.card.releases?.[0]?.person]).toEqual(["admit", 1, "alice"]);
  });

  test("what the person did not see stays held: the same head over a base where it does more", async () => {
    const { source, base } = await one.base({ "AGENTS.md": "be good\n" });
    const first = await source.commit({ ".github/workflows/test.yml": "on: push\njobs: {a: {}}\n" }, "a change\n\nCo-Authored-By: Claude <noreply@anthropic.com>");
    source.git("switch", "-qc", "change");
    const head = await source.commit({ "AGENTS.md": "be bad\n" }, "more\n\nCo-Authored-By: Claude <noreply@anthropic.com>");
    expect(deciding(await one.gate(source, first, head))).toEqual(["guard.self-edit"]);
    expect((await one.release(head)).verdict).toBe("admit");
    const wider = await one.gate(source, base, head);
    expect([wider.verdict, deciding(wider)]).toEqual(["hold", ["ci.changed"]]);
    expect(wider.card.reasons.find(({ rule }) => rule === "guard.self-edit")?.effect).toBe("note");
  });

  test("two approvals race a push: both stand for the old head, the new one is held as if there were none", async () => {
    const { source, base, head } = await one.held();
    const [first, second] = await Promise.all([one.ask(head), one.ask(head, {}, BOB)]);
    const pushed = await source.commit({ ".github/workflows/test.yml": "on: push\njobs: {b: {}}\n" }, "push\n\nCo-Authored-By: Claude <noreply@anthropic.com>");
    const [by_alice, by_bob, push] = await Promise.all([one.answer(first!), one.answer(second!, BOB), one.gate(source, base, pushed)]);
    expect([by_alice?.verdict, by_bob?.verdict, push?.verdict]).toEqual(["admit", "admit", "hold"]);
    expect(push?.card.releases).toBeUndefined();
    expect((await one.gate(source, base, head)).card.releases?.map(({ person }) => person).sort()).toEqual(["alice", "bob"]);
  });
});

describe("which change a person means", () => {
  test("attack: the same commit gated for another target while it is looked at", async () => {
    const { source, base, head, result } = await one.held();
    const other = await one.world.gate(await one.world.received(source, [base, head], source.path.split("/").at(-1)), { target_ref: "refs/heads/release", target: base, head });
    expect(other.gate_id).not.toBe(result.gate_id);
    for (const text of [head, head.slice(0, 12)]) await expect(one.ask(text)).rejects.toMatchObject({ code: "request.malformed", detail: expect.stringContaining("several targets") });
    expect((await one.ask(result.gate_id.slice(0, 20))).request.target_ref).toBe("refs/heads/main");
    expect((await one.ask(other.gate_id)).request.target_ref).toBe("refs/heads/release");
  });
});

describe("what an approval does not release", () => {
  test("a refusal, and the next step says so", async () => {
    const { result } = await one.held({ "src/a.test.ts": 'test.only("a", () => {});\n' }, "a change");
    expect(result.verdict).toBe("refuse");
    await expect(one.ask(result.card.head)).rejects.toMatchObject({ code: "release.nothing", detail: expect.stringContaining("not refusals") });
  });

  test("what could not be told", async () => {
    const { result } = await one.held({ "src/a.ts": "export const a = 2;\n" }, "a change", { "maestro.yaml": "version: 1\nnonsense: 1\n" });
    expect(deciding(result)).toEqual(["gate.config-broken"]);
    await expect(one.ask(result.card.head)).rejects.toMatchObject({ code: "release.nothing", detail: expect.stringContaining("could not be told") });
  });

  test("a change that is admitted already", async () => {
    const { result } = await one.held({ "src/a.ts": "export const a = 3;\n" }, "a change");
    expect(result.verdict).toBe("admit");
    await expect(one.ask(result.card.head)).rejects.toMatchObject({ code: "release.nothing" });
  });
});

describe("attacks", () => {
  /** Nothing of what is tried on it may ever release it. */
  let victim: Held;
  let head = "";
  beforeAll(async () => {
    victim = await one.held();
    head = victim.head;
  });
  afterAll(async () => {
    expect((await one.gate(victim.source, victim.base, head)).verdict).toBe("hold");
  });

  test("own approval: the submitter's user, listed or not", async () => {
    await expect(one.ask(head, {}, UID)).rejects.toMatchObject(denied("none of the people"));
  });

  test("author by co-author trailer, by a code host's address, by a line git takes for no trailer", async () => {
    const { source, base } = await one.base();
    for (const trailer of ["Co-authored-by: Alice <Alice@Example.org>", "Co-Authored-By: x <123+alice-gh@users.noreply.github.com>", "Signed-off-by: a <alice@example.org>\n\nand prose after it"]) {
      source.git("switch", "-qC", "change", base);
      const mine = await source.commit({ ".github/workflows/test.yml": `on: push # ${trailer.length}\njobs: {}\n` }, `a change\n\n${trailer}\n\nCo-Authored-By: Claude <noreply@anthropic.com>`);
      await one.gate(source, base, mine);
      await expect(one.ask(mine)).rejects.toMatchObject(denied("author"));
      expect((await one.ask(mine, {}, BOB)).request.person).toBe("bob");
    }
  });

  test("an agent's user: nobody by that user, and nobody by announcing somebody's key without it", async () => {
    await expect(one.ask(head, {}, 4242)).rejects.toMatchObject(denied("none of the people"));
    const offer = await one.askCarol(head);
    await expect(one.answer(offer, UID)).rejects.toMatchObject(denied("no signature"));
    const mine = await one.askCarol(head);
    await expect(one.answer(mine, UID, new FakeSecurityKey().sign(canonicalText(mine.request)))).rejects.toMatchObject(denied("another key"));
  });

  test("a person's user that jobs share", async () => {
    await expect(one.ask(head, {}, 2004)).rejects.toMatchObject(denied("jobs run as user 2004"));
    expect(() => requireOwnUser({ uid: 990 }, false, 990)).toThrow("the daemon itself");
  });

  test("agent among parents", async () => {
    const agent = Bun.spawn(["bash", "-c", 'exec -a claude sleep 30'], { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
    try {
      // Until then it is the shell that starts it.
      while (!readFileSync(`/proc/${agent.pid}/cmdline`, "latin1").startsWith("claude\0")) await Bun.sleep(5);
      await expect(one.ask(head, {}, ALICE, agent.pid)).rejects.toMatchObject(denied("claude is among the processes"));
    } finally {
      agent.kill("SIGKILL");
      await agent.exited;
    }
  });

  test("replayed signature: a request is good once, whatever came of it", async () => {
    const released = await one.held();
    const offer = await one.askCarol(released.head);
    const signature = one.sign(offer);
    await one.answer(offer, UID, signature);
    await expect(one.answer(offer, UID, signature)).rejects.toMatchObject({ code: "release.stale" });
    const other = await one.askCarol(head);
    await expect(one.answer(other, UID, signature)).rejects.toMatchObject(denied("another request"));
  });

  test("signature for another head, for another namespace, and without a touch", async () => {
    const offers = [await one.askCarol(head), await one.askCarol(head), await one.askCarol(head)];
    const moved = canonicalText({ ...offers[0]!.request, head: "f".repeat(40) });
    await expect(one.answer(offers[0]!, UID, one.key.sign(moved))).rejects.toMatchObject(denied("another head"));
    await expect(one.answer(offers[1]!, UID, one.sign(offers[1]!, { namespace: "git" }))).rejects.toMatchObject(denied("another namespace"));
    await expect(one.answer(offers[2]!, UID, one.sign(offers[2]!, { touched: false }))).rejects.toMatchObject(denied("nobody touched"));
  });

  test("expired challenge, and somebody else's", async () => {
    const offer = await one.ask(head);
    await expect(one.answer(offer, BOB)).rejects.toMatchObject({ code: "release.stale" });
    one.world.clock.advance(601_000);
    await expect(one.answer(offer)).rejects.toMatchObject({ code: "release.stale" });
  });

  test("a configuration that the submitter could have written proves nothing, before and after", async () => {
    for (const owner of [UID, null]) {
      one.world.config_owner = owner;
      await expect(one.ask(head)).rejects.toMatchObject(denied(owner === null ? "not known" : "could have written"));
    }
    one.world.config_owner = 0;
    const other = await one.held();
    expect((await one.release(other.head)).verdict).toBe("admit");
    one.world.config_owner = UID;
    const again = await one.gate(other.source, other.base, other.head);
    one.world.config_owner = 0;
    expect([again.verdict, again.recorded, again.card.warnings.some((text) => text.includes("could have written"))]).toEqual(["hold", false, true]);
  });

  test("base that adds a person: maestro.yaml knows no people, so it is broken and holds", async () => {
    const { result } = await one.held({ "src/a.ts": "export const a = 9;\n" }, "a change", { "maestro.yaml": "version: 1\npeople: [{id: mallory, uids: [7], may: [approve]}]\n" });
    expect(deciding(result)).toEqual(["gate.config-broken"]);
    expect(result.card.reasons[0]?.because).toContain("people");
  });
});
