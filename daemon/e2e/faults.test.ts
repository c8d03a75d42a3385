/** Seeded faults through the public interface: each is stopped by its own rule, and its near miss is not. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { pathText } from "../../proto/scalar.ts";
import { checksummedToken } from "../testing/tokens.ts";
import { AGENT, decisive, World } from "./testing/world.ts";

setDefaultTimeout(120_000);
let world: World;
beforeAll(async () => {
  world = new World();
  await world.daemon();
});
afterAll(() => world.dispose());

type Files = Record<string, string>;
interface Seeded {
  readonly what: string;
  readonly rule: string;
  readonly verdict: "refuse" | "hold";
  readonly before?: Files;
  readonly fault: Files;
  readonly nearMiss: Files;
  readonly message?: string;
  /** Where the near miss is the same change by somebody else. */
  readonly nearMissMessage?: string;
}

const suite = (count: number): string => Array.from({ length: count }, (_, i) => `test("case ${i}", () => {\n  expect(f(${i})).toBe(${i});\n});\n`).join("");
const workflow = (contents: string): string => `on: push\npermissions:\n  contents: ${contents}\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n`;
const integrity = "sha512-" + Buffer.alloc(64, 7).toString("base64");
const lock = (...hosts: string[]): string =>
  JSON.stringify({ name: "x", lockfileVersion: 3, packages: Object.fromEntries([["", { name: "x" }], ...hosts.map((host, i) => [`node_modules/p${i}`, { version: "1.0.0", resolved: `https://${host}/p${i}/-/p${i}-1.0.0.tgz`, integrity }])]) }, null, 2);
const HOUSE = "registry.house.example";

const SEEDED: readonly Seeded[] = [
  {
    what: "leaked token", rule: "secret.token", verdict: "refuse",
    fault: { "src/client.ts": `export const token = "${checksummedToken("ghp", "leaked")}";\n` },
    nearMiss: { "src/client.ts": `export const token = "ghp_${"0".repeat(36)}";\n` },
  },
  {
    what: "focused test", rule: "test.focused", verdict: "refuse",
    fault: { "test/a.test.ts": `test.only("reads", () => expect(1).toBe(1));\n` },
    nearMiss: { "test/a.test.ts": `test("reads", () => expect(pick(user).only("name")).toEqual({}));\n` },
  },
  {
    what: "CI permission raised by an agent", rule: "ci.permission-raised", verdict: "hold", message: AGENT,
    before: { ".github/workflows/build.yml": workflow("read") },
    fault: { ".github/workflows/build.yml": workflow("write") },
    nearMiss: { ".github/workflows/build.yml": workflow("read").replace("make", "make all") }, nearMissMessage: "a person's change",
  },
  {
    what: "test weakened by an agent", rule: "test.weakened", verdict: "hold", message: AGENT,
    before: { "test/a.test.ts": suite(6) },
    fault: { "test/a.test.ts": suite(1), "src/a.ts": "export const a = 2;\n" },
    nearMiss: { "test/a.test.ts": suite(1), "test/b.test.ts": suite(5), "src/a.ts": "export const a = 2;\n" },
  },
  {
    what: "foreign lock entry", rule: "dep.foreign-source", verdict: "refuse",
    before: { "package-lock.json": lock(HOUSE) },
    fault: { "package-lock.json": lock(HOUSE, "cdn.other.example") },
    nearMiss: { "package-lock.json": lock(HOUSE, HOUSE) },
  },
];

for (const { what, rule, verdict, before = {}, fault, nearMiss, message, nearMissMessage } of SEEDED) {
  test(`${what}: ${rule} leads to ${verdict}, and its near miss is admitted`, async () => {
    const faulty = await world.changed(before, fault, message);
    const sound = await world.changed(before, nearMiss, nearMissMessage ?? message);
    const [stopped, let_in] = await Promise.all([world.judged(faulty, ["--target", "main"]), world.judged(sound, ["--target", "main"])]);
    expect(decisive(stopped)).toContain(rule);
    expect({ code: stopped.code, verdict: stopped.verdict }).toEqual({ code: verdict === "refuse" ? 1 : 3, verdict });
    expect(decisive(let_in)).toEqual([]);
    expect({ code: let_in.code, verdict: let_in.verdict, verified: let_in.verified }).toEqual({ code: 0, verdict: "admit", verified: "verified" });
    const named = stopped.card.reasons.find((reason) => reason.rule === rule);
    expect(Object.keys(fault)).toContain(pathText(named?.ranges[0]?.path ?? { u: "nowhere" }));
  });
}

test("a leaked token is shown redacted: neither card, nor JSON, nor bundle, nor the daemon's state holds it", async () => {
  const token = checksummedToken("ghp", "kept out");
  const repository = await world.changed({}, { "src/client.ts": `export const token = "${token}";\n` });
  const text = await world.gate(repository, ["--target", "main", "--out", world.path("leak.json")]);
  const json = await world.gate(repository, ["--target", "main", "--json"]);
  expect(text.code).toBe(1);
  const bundle = await Bun.file(world.path("leak.json")).text();
  for (const said of [text.stdout, text.stderr, json.stdout, json.stderr, bundle]) expect(said).not.toContain(token.slice(8, 30));
  const holds = Bun.spawnSync(["grep", "-rlF", "--exclude-dir=repositories", token.slice(8, 30), world.state_dir]);
  expect(holds.stdout.toString()).toBe("");
  expect(text.stdout).toContain("REFUSE");
});
