/** The daemon finds base and configuration on the operator's remote; nothing the caller says about them counts. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Operated, ROW } from "./testing/operated.ts";
import { decisive, oneDocument } from "./testing/world.ts";

setDefaultTimeout(120_000);
let operated: Operated;
beforeAll(async () => {
  operated = await Operated.start();
});
afterAll(() => operated[Symbol.asyncDispose]());

const SKIPPED = { "test/a.test.ts": `test.skip("reads", () => expect(1).toBe(1));\n` };
const STRICT = "version: 1\nrules:\n  test.skipped: {agent: refuse, human: refuse, unknown: refuse}\n";
const main = (): string => operated.upstream.git("rev-parse", "HEAD");

describe("a clone of the operator's remote", () => {
  test("is gated in mode host without being asked for by name: card, statement and bundle say so, and the operator's trust file verifies it", async () => {
    const clone = await operated.clone("plain");
    const gate = await operated.world.judged(clone);
    expect({ code: gate.code, mode: gate.card.mode, repository: gate.card.repository, base: gate.card.base }).toEqual({ code: 0, mode: "host", repository: ROW, base: main() });
    expect(gate.card.warnings.join()).toContain("what the operator's remote holds");
    expect(gate.proof.self_made_trust).toBe(false);
    const verified = oneDocument(await operated.world.run(["verify", gate.bundle, "--trust", operated.world.path("trust.json"), "--json"]));
    expect(verified).toMatchObject({ result: "verified", signer: { self_made: false }, statement: { predicate: { mode: "host", identity: { repo_id: ROW, base: main() } } } });
  });

  test("attack: a key that may sign in mode local only gives no evidence of mode host", async () => {
    const { world } = operated;
    const signed = await world.run(["trust", "sign", join(world.state_dir, "trust.json"), "--root", world.path("root.pem"), "--out", world.path("local-only.json"), "--modes", "local"]);
    expect(signed.code).toBe(0);
    const gate = await world.judged(await operated.clone("local-only"));
    expect(oneDocument(await world.run(["verify", gate.bundle, "--trust", world.path("local-only.json"), "--json"]))).toMatchObject({ result: "failed", reasons: [{ code: "signer.mode" }] });
  });

  test("--local asks for the caller's word by name, and the card says whose it is", async () => {
    const gate = await operated.world.judged(await operated.clone("by-name"), ["--local"]);
    expect(gate.card).toMatchObject({ mode: "local", repository: expect.stringMatching(/^local:/) });
  });

  test("--fork asks for more scrutiny, and is another gate than mode host of the same commits", async () => {
    const clone = await operated.clone("forked");
    const [host, fork] = [await operated.world.judged(clone), await operated.world.judged(clone, ["--fork"])];
    expect([host.card.mode, fork.card.mode, fork.recorded]).toEqual(["host", "fork", false]);
    expect(fork.gate_id).not.toBe(host.gate_id);
  });
});

describe("a clone that is behind, or lies", () => {
  test("is judged against the remote's tip, which the daemon fetches; the caller is told", async () => {
    const clone = await operated.clone("behind");
    const tip = await operated.land({ "src/upstream.ts": "export const u = 1;\n" });
    const ran = await operated.world.gate(clone, ["--json"]);
    expect({ code: ran.code, told: ran.stderr.includes("this clone is behind") }).toEqual({ code: 0, told: true });
    expect(oneDocument(ran)).toMatchObject({ card: { mode: "host", base: tip, files: 1 } });
  });

  test("a rule that came to the target after the merge base counts", async () => {
    const clone = await operated.clone("tightened", SKIPPED);
    await operated.land({ "maestro.yaml": STRICT });
    const gate = await operated.world.judged(clone);
    expect({ code: gate.code, decisive: decisive(gate) }).toEqual({ code: 1, decisive: ["test.skipped"] });
    // The caller's own word gets the merge base, where the rule did not stand yet.
    expect((await operated.world.judged(clone, ["--local", "--target", "origin/main"])).code).not.toBe(1);
    await operated.land({ "maestro.yaml": "version: 1\n" });
  });

  test("attack: the caller's own main is a commit of its own without the rule", async () => {
    await operated.land({ "maestro.yaml": STRICT });
    const clone = await operated.clone("liar", SKIPPED);
    clone.git("switch", "-qc", "mine", "origin/main");
    const mine = await clone.commit({ "maestro.yaml": "version: 1\n" });
    clone.git("update-ref", "refs/remotes/origin/main", mine);
    clone.git("switch", "-q", "change");
    const gate = await operated.world.judged(clone, ["--target", "origin/main"]);
    expect({ code: gate.code, decisive: decisive(gate), base: gate.card.base }).toEqual({ code: 1, decisive: ["test.skipped"], base: main() });
    await operated.land({ "maestro.yaml": "version: 1\n" });
  });

  test("a target that moves between two gates makes another gate; one that stands gives the verdict again", async () => {
    const clone = await operated.clone("moving");
    const first = await operated.world.judged(clone);
    expect(await operated.world.judged(clone)).toMatchObject({ recorded: true, gate_id: first.gate_id });
    const tip = await operated.land({ "src/moved.ts": "export const m = 1;\n" });
    const second = await operated.world.judged(clone);
    expect({ recorded: second.recorded, base: second.card.base }).toEqual({ recorded: false, base: tip });
    expect(second.gate_id).not.toBe(first.gate_id);
  });

  test("attack: a branch that is no target, and a repository that is not in the table", async () => {
    const clone = await operated.clone("elsewhere");
    operated.upstream.git("push", "-q", "origin", "HEAD:refs/heads/loose");
    clone.git("fetch", "-q", "origin", "loose:refs/remotes/origin/loose");
    const loose = await operated.world.gate(clone, ["--target", "origin/loose"]);
    expect({ code: loose.code, says: loose.stderr.includes("target_refs") }).toEqual({ code: 4, says: true });
    const unknown = await operated.world.gate(clone, ["--repository", "acme/secret"]);
    expect({ code: unknown.code, says: unknown.stderr.includes("none of the repositories") }).toEqual({ code: 4, says: true });
  });
});

test("the remote is gone: no decision, exit 69, nothing in the log, and no word of the caller takes its place", async () => {
  const { world, server } = operated;
  const clone = await operated.clone("left");
  await operated.stop();
  await operated.daemon({ modes: "[host]" });
  const before = (await world.status()).log.size;
  const local = await world.gate(clone, ["--local"]);
  expect({ code: local.code, says: local.stderr.includes("mode local is not among") }).toEqual({ code: 4, says: true });
  await server[Symbol.asyncDispose]();
  const ran = await world.gate(clone, ["--json"]);
  expect({ code: ran.code, document: oneDocument(ran) }).toMatchObject({ code: 69, document: { code: "egress.failed", retry: true } });
  expect((await world.status()).log.size).toBe(before);
});

test("mode host without a trust file that allows it is refused at start, and says how to sign one", async () => {
  const { world } = operated;
  await operated.stop();
  for (const [trust, says] of [["local-only.json", "sign in mode host"], ["none.json", "maestro trust sign"]] as const) {
    writeFileSync(world.path("wrong.yaml"), readFileSync(world.path("maestrod.yaml"), "utf8").replace(world.path("trust.json"), world.path(trust)));
    const child = world.spawnDaemon(["--config", world.path("wrong.yaml")]);
    expect(await child.exited).not.toBe(0);
    expect(await new Response(child.stderr).text()).toContain(says);
  }
});
