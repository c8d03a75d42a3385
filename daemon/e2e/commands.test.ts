/** The smaller commands, and that each prints one document where it is asked for one. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Source } from "../platform/git/testing/scratch.ts";
import { oneDocument, World, type GateDocument } from "./testing/world.ts";

setDefaultTimeout(120_000);
const FOCUSED = { "test/a.test.ts": `test.only("reads", () => expect(1).toBe(1));\n` };

let world: World;
let repository: Source;
let gated: GateDocument;
beforeAll(async () => {
  world = new World();
  await world.daemon();
  repository = await world.repository();
  await repository.commit({ "src/b.ts": "b();\n" }, "clean");
  await repository.commit(FOCUSED, "faulty");
  await repository.commit({ "test/a.test.ts": `test("reads", () => expect(1).toBe(1));\n` }, "repaired");
  gated = await world.judged(repository, ["--head", "HEAD^", "--target", "main"]);
});
afterAll(() => world.dispose());

const json = async (...args: string[]): Promise<unknown> => oneDocument(await world.run([...args, "--json"]));

describe("replay", () => {
  test("names what would have been stopped, counts by rule, and signs, logs and keeps nothing", async () => {
    const before = await world.status();
    const { code, stdout, stderr } = await world.run(["replay", repository.path, "--last", "3"]);
    expect(code).toBe(0);
    expect(stdout).toContain("3 changes: 3 human");
    expect(stdout).toMatch(/^REFUSE [0-9a-f]{9} human +test\.focused test\/a\.test\.ts:1$/m);
    expect(stdout).toMatch(/^test\.focused +1 +0 +0 +1 +0 +0$/m);
    expect(stderr).toContain("nothing was signed or logged");
    const after = await world.status();
    expect({ log: after.log, total: after.gates.total }).toEqual({ log: before.log, total: before.gates.total });
  });

  test("takes the root commit too, and no more than there is", async () => {
    const document = await json("replay", repository.path, "--last", "50");
    expect(document).toMatchObject({ summary: { changes: 4, verdicts: { refuse: 1 } } });
  });

  test("judges like a gate: the same rules, the same verdict", async () => {
    const { changes } = (await json("replay", repository.path, "--last", "2")) as { changes: { head: string; verdict: string; effects: { rule: string }[] }[] };
    const replayed = changes.find(({ head }) => head === gated.card.head);
    expect(replayed?.verdict).toBe(gated.verdict);
    expect(replayed?.effects.map(({ rule }) => rule)).toEqual(gated.card.reasons.map(({ rule }) => rule));
  });

  test("--last takes a sensible number only", async () => {
    for (const last of ["0", "-1", "1.5", "many", "2001"]) expect((await world.run(["replay", repository.path, `--last=${last}`])).code).toBe(2);
  });
});

describe("what is on record", () => {
  test("card by gate, by commit, as Markdown and as data", async () => {
    const head = gated.card.head.slice(0, 10);
    const [byGate, byCommit, markdown] = await Promise.all([world.run(["card", gated.gate_id]), world.run(["card", head]), world.run(["card", head, "--markdown"])]);
    expect([byGate.code, byCommit.code, markdown.code]).toEqual([0, 0, 0]);
    expect(byGate.stdout).toBe(byCommit.stdout);
    expect(byGate.stdout).toContain("REFUSE");
    expect(markdown.stdout).toContain("test.focused");
    expect(await json("card", head)).toMatchObject({ gate_id: gated.gate_id, attempts: [1], card: gated.card, proof: gated.proof });
  });

  test("explain says what a rule asks and why a gate decided as it did", async () => {
    const [rule, gate, all] = await Promise.all([world.run(["explain", "test.focused"]), world.run(["explain", gated.gate_id]), world.run(["explain"])]);
    expect([rule.code, gate.code, all.code]).toEqual([0, 0, 0]);
    for (const heading of ["why", "leads to", "passes", "fails", "cannot see"]) expect(rule.stdout).toMatch(new RegExp(`^  ${heading} `, "m"));
    expect(gate.stdout).toContain("at test/a.test.ts:1");
    for (const name of ["secret.token", "gate.history-unknown", "size.unreviewable"]) expect(all.stdout).toContain(name);
    const { stdout } = await world.run(["explain", "secrets"]);
    expect([...stdout.matchAll(/^(\S+) {2}\(check (\S+),/gm)].map(([, name, check]) => `${check} ${name}`)).toEqual(["secrets secret.token", "secrets secret.private-key"]);
  });

  test("what is not there is said, with the nearest name", async () => {
    const [rule, gate, command, option, argument] = await Promise.all([world.run(["explain", "test.focussed"]), world.run(["card", "gate:aaaaaaaaaa"]), world.run(["verfy"]), world.run(["gate", "--targte", "main"]), world.run(["status", "please"])]);
    expect([rule, gate, command, option, argument].map(({ code }) => code)).toEqual([2, 2, 2, 2, 2]);
    expect(rule.stderr).toContain("did you mean test.focused?");
    expect(command.stderr).toContain("did you mean verify?");
    expect(option.stderr).toContain("did you mean --target?");
    expect(gate.stderr).toContain("gate:aaaaaaaaaa".slice(5));
    for (const { stdout } of [rule, gate, command, option, argument]) expect(stdout).toBe("");
  });
});

describe("the daemon", () => {
  test("status, version and config --explain, for people and as data", async () => {
    const [status, version, config] = await Promise.all([world.run(["status"]), world.run(["version"]), world.run(["config", "--explain"])]);
    expect([status.code, version.code, config.code]).toEqual([0, 0, 0]);
    expect(status.stdout).toMatch(/^maestrod .* ready {2}pid \d+/);
    expect(status.stdout).toContain("self-made: proves integrity, not authority");
    expect(version.stdout).toMatch(/^client \S+ {2}api 1 .*\ndaemon \S+ {2}api 1 /);
    expect(config.stdout).toMatch(/^limits\.worker\.check_deadline_ms = \d+\n {4}default; one check$/m);
    expect(await json("status")).toMatchObject({ daemon: { state: "ready" }, gates: { running: 0 }, state_dir: world.state_dir });
    expect(await json("version")).toMatchObject({ client: { api: "1" }, daemon: { api: "1" } });
    expect(await json("config", "--explain")).toHaveProperty("entries");
    expect(await json("config")).toHaveProperty("trust_domain", '"local"');
  });

  test("failures too are one document, with code and exit", async () => {
    const cases: readonly (readonly [args: readonly string[], code: number, error: string])[] = [
      [["card", "gate:aaaaaaaaaa"], 2, "request.not_found"],
      [["gate", world.home], 2, "git.not_repository"],
      [["gate", repository.path, "--target", "nowhere"], 2, "git.unknown_ref"],
      [["verfy"], 2, "cli.usage"],
      [["verify", world.path("nowhere")], 2, "cli.usage"],
    ];
    for (const [args, code, error] of cases) {
      const ran = await world.run([...args, "--json"]);
      expect({ args, code: ran.code, document: oneDocument(ran) }).toMatchObject({ args, code, document: { code: error } });
    }
  });

  test("help lists every command and every option", async () => {
    const [overview, gate] = await Promise.all([world.run(["--help"]), world.run(["gate", "--help"])]);
    for (const name of ["gate", "replay", "verify", "card", "explain", "status", "stop", "version", "config"]) expect(overview.stdout).toMatch(new RegExp(`^  ${name}\\b`, "m"));
    for (const name of ["--target", "--head", "--embedded", "--out", "--markdown", "--rerun", "--json"]) expect(gate.stdout).toContain(name);
    expect([overview.code, gate.code, (await world.run([])).code]).toEqual([0, 0, 2]);
  });

  test("stop ends it; version still speaks for the client, everything else says what to do", async () => {
    expect(await json("stop")).toEqual({ stopped: true });
    expect(await json("version")).toMatchObject({ daemon: null });
    for (const command of ["status", "stop"]) {
      const { code, stderr } = await world.run([command]);
      expect({ command, code }).toEqual({ command, code: 69 });
      expect(stderr).toContain("maestro gate --embedded");
    }
  });

  test("what asks a private daemon starts it again; on a build host it has to be asked for by name", async () => {
    const operated = await world.run(["config"], { env: { CI: "true" } });
    expect([operated.code, operated.stderr.includes("--embedded by name")]).toEqual([69, true]);
    const { code, stdout } = await world.run(["config"]);
    expect([code, stdout.includes("limits.server.connections_max")]).toEqual([0, true]);
  });
});
