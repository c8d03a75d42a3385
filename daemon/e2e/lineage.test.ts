/** What is kept of a change, through the command line: nothing that names a person leaves, and what is to go is gone from every file, also after an old backup came back. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { EXIT } from "../../proto/errors.ts";
import type { LineageReply } from "../../proto/lineage.ts";
import type { Source } from "../platform/git/testing/scratch.ts";
import { bytesOf, oneDocument, World, type GateDocument } from "./testing/world.ts";

setDefaultTimeout(120_000);

const TOKEN = `${"gh"}p_a8Kx2ZqT7bNc4RmW9vYd1LsF6hPj3E2f3OhS`;
/** Planted in author, title, contents, a report and names of tests; each is nobody's. */
const CANARIES = ["jane.roe@canary.example", "Janina Canaryfield", "+49 30 901820441", "DE89 3704 0044 0532 0130 00", "4111 1111 1111 1111", TOKEN];
const LINE = `const a = "${TOKEN}"; // jane.roe@canary.example, +49 30 901820441, DE89 3704 0044 0532 0130 00, 4111 1111 1111 1111`;
const JUNIT = `<testsuite name="s"><testcase name="mail jane.roe@canary.example"><failure message="DE89 3704 0044 0532 0130 00">4111 1111 1111 1111 of +49 30 901820441</failure></testcase></testsuite>`;
const CONFIG = `version: 1
obligations:
  tests.failed: {from: {report: tests}, format: junit, metric: failed, max: "0", accept_from_job: true}
`;

let world: World;
let repository: Source;
let gated: GateDocument;
beforeAll(async () => {
  world = new World();
  repository = await world.changed({ "maestro.yaml": CONFIG }, { "src/mail-jane.roe@canary.example.ts": `${LINE}\n`, ".github/workflows/x.yml": `on: pull_request_target # jane.roe@canary.example\n` }, "mail jane.roe@canary.example, as Janina Canaryfield wished");
  repository.git("commit", "-q", "--amend", "--no-edit", "--author", "Janina Canaryfield <jane.roe@canary.example>");
  await Bun.write(world.path("tests.xml"), JUNIT);
  const outputs = ["--sarif", world.path("out.sarif"), "--junit", world.path("out.xml"), "--code-quality", world.path("out.json"), "--out", world.path("out.bundle")];
  const ran = await world.gate(repository, ["--json", "--report", `tests=${world.path("tests.xml")}`, ...outputs]);
  await Bun.write(world.path("out.gate"), ran.stdout + ran.stderr);
  gated = oneDocument(ran) as GateDocument;
}, 120_000);
afterAll(() => world.dispose());

/** Files below a folder in which one of the words stands as bytes. */
function holding(folder: string, words: readonly string[], but = /^$/): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.filter((path) => !but.test(path.slice(folder.length))).flatMap((path) => {
    const bytes = bytesOf(path);
    return words.filter((word) => bytes.includes(word)).map((word) => `${path.slice(folder.length)}: ${word}`);
  });
}

test("canary: planted addresses, names, numbers and tokens are in no card, output, bundle, log, metric or snapshot; packs alone hold what was streamed", async () => {
  const id = gated.gate_id;
  for (const [name, args] of [["card", ["card", id]], ["markdown", ["card", id, "--markdown"]], ["explain", ["explain", id]], ["lineage", ["lineage", id, "--json"]], ["report", ["report", "--json"]], ["logs", ["logs"]], ["simulate", ["simulate", id, "--json"]], ["replay", ["replay", repository.path, "--last", "1", "--json"]], ["extract", ["verify", world.path("out.bundle"), "--extract", world.path("out.extracted")]], ["whole", ["bundle", id, "--out", world.path("out.evidence")]], ["backup", ["backup", world.path("out.backup")]]] as const) {
    const { stdout, stderr } = await world.run([...args]);
    await Bun.write(world.path(`out.${name}.txt`), stdout + stderr);
  }
  await Bun.write(world.path("out.metrics"), await (await fetch("http://maestro/metrics", { unix: world.socket_path })).text());
  expect(gated.verdict).not.toBe("admit");
  const outputs = readdirSync(world.home).filter((name) => name.startsWith("out."));
  expect(outputs.length).toBeGreaterThan(10);
  const leaks = outputs.flatMap((name) => (/^out\.(?:backup|extracted)$/.test(name) ? holding(world.path(name), CANARIES) : CANARIES.filter((word) => readFileSync(world.path(name)).includes(word)).map((word) => `${name}: ${word}`)));
  expect([...leaks, ...holding(world.state_dir, CANARIES, /^\/repositories\//)]).toEqual([]);
  // The harness sees: what was written down to be found is found.
  await Bun.write(world.path("out.planted"), LINE);
  expect(CANARIES.filter((word) => readFileSync(world.path("out.planted")).includes(word)).length).toBe(5);
});

test("lineage goes from the commit to the log by digest, and a gate that is held cannot be forgotten", async () => {
  const { nodes, edges } = oneDocument(await world.run(["lineage", gated.card.head.slice(0, 12), "--json"])) as LineageReply;
  const at = (kind: string) => nodes.findIndex((node) => node.kind === kind);
  const reached = new Set([at("commit")]);
  for (const { from, to } of edges) if (reached.has(from)) reached.add(to);
  expect([nodes[at("commit")]?.digest, nodes[at("commit")]?.state, nodes[at("bundle")]?.digest]).toEqual([`gitCommit:${gated.card.head}`, "kept", `sha256:${gated.proof.bundle_sha256}`]);
  expect(["document", "check", "manifest", "statement", "log entry", "bundle", "reply"].filter((kind) => !reached.has(at(kind)))).toEqual([]);
  expect((await world.run(["lineage", "hold", gated.gate_id, "--reason", "case 7"])).stdout).toContain("held");
  expect((await world.run(["lineage", gated.gate_id])).stdout).toContain("held since");
  expect([(await world.run(["lineage", "forget", gated.gate_id, "--yes"])).code, (await world.run(["lineage", "classes"])).stdout]).toEqual([EXIT.usage, expect.stringContaining("1 gates held")]);
  await world.run(["lineage", "unhold", gated.gate_id]);
});

test("attack: what was asked to go comes back with an old backup, or stands in the database's free pages", async () => {
  const backup = world.path("out.backup");
  const secret = gated.card.title;
  expect(holding(backup, [secret]).length).toBeGreaterThan(0);
  expect((await world.run(["lineage", "forget", gated.gate_id, "--yes"])).code).toBe(EXIT.admit);
  expect((await world.run(["lineage", gated.gate_id])).stdout).toContain("an operator asked");
  expect((await world.run(["card", gated.gate_id])).code).toBe(EXIT.usage);
  expect((await world.run(["fsck"])).code).toBe(EXIT.admit);
  await world.run(["stop"]);
  expect((await world.run(["gc", "--compact"])).stdout).toContain("compacted");
  expect(holding(world.state_dir, [secret], /^\/repositories\//)).toEqual([]);
  // What somebody kept still verifies.
  expect((await world.run(["verify", world.path("out.bundle"), "--trust", join(world.state_dir, "trust.json")])).code).toBe(EXIT.admit);
  const restored = world.path("restored");
  const at = ["--state", restored, "--socket", join(restored, "s")];
  expect((await world.run(["restore", backup, "--tombstones", join(world.state_dir, "tombstones.jsonl"), "--state", restored])).code).toBe(EXIT.admit);
  const card = await world.run(["card", gated.gate_id, "--embedded", ...at]);
  expect([card.code, (await world.run(["lineage", gated.gate_id, ...at])).stdout]).toEqual([EXIT.usage, expect.stringContaining("an operator asked")]);
  await world.run(["stop", ...at]);
  expect((await world.run(["gc", "--compact", ...at])).stdout).toContain("compacted");
  expect(holding(restored, [secret])).toEqual([]);
});
