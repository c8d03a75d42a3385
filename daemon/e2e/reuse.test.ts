/** A command's answer used again, as somebody at the command line sees it: after a rebase, and asked anew where that is asked for. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { smallSystem } from "../commands/testing/small-system.ts";
import { skipWithout } from "../testing/skip.ts";
import { oneDocument, type GateDocument, World } from "./testing/world.ts";

const sandboxed = skipWithout(Bun.which("bwrap") !== null && Bun.which("ldd") !== null, "re-use through the command line: needs bubblewrap and ldd");
const TREE = { "maestro.yaml": 'version: 1\ncommands:\n  lint: {run: [sh, -c, "cat src/a.ts"], inputs: ["src/**"], reuse: true}\n', "docs/a.md": "one\n" };

let world: World;
beforeAll(() => {
  world = new World();
});
afterAll(() => world.dispose());

test.skipIf(sandboxed)("gated again after a rebase the card names the gate that ran the command, and the evidence stands; --no-reuse runs it again", async () => {
  mkdirSync(world.path("tools"));
  const config = world.path("maestrod.yaml");
  writeFileSync(config, JSON.stringify({ version: 1, trust_domain: "test.example", modes: ["local"], mounts: smallSystem(world.path("tools")) }), { mode: 0o600 });
  await world.daemon(["--config", config]);
  const env = { MAESTRO_CONFIG: config };
  const gate = (...args: string[]) => world.run(["gate", repository.path, ...args], { env });
  const repository = await world.changed(TREE, { "src/a.ts": "export const a = 2;\n" });
  const first = oneDocument(await gate("--json")) as GateDocument;
  const lint = ({ card }: GateDocument) => card.checks.find(({ check }) => check === "command.lint");
  expect([first.verdict, lint(first)?.result, lint(first)?.reused]).toEqual(["admit", "pass", undefined]);

  repository.git("switch", "-q", "main");
  await repository.commit({ "docs/a.md": "two\n" });
  repository.git("rebase", "-q", "main", "change");
  const second = await gate("--markdown");
  expect([second.code, second.stdout]).toEqual([0, expect.stringMatching(new RegExp(`re-used from attempt 1 of ${first.gate_id.slice(0, 12)}[^\\n]*command\\.lint`))]);
  const shown = oneDocument(await gate("--json")) as GateDocument;
  expect([shown.recorded, lint(shown)?.reused, shown.verified]).toEqual([true, { gate_id: first.gate_id, attempt: 1 }, "verified"]);
  expect((await world.run(["verify", shown.bundle], { env })).code).toBe(0);

  const again = oneDocument(await gate("--json", "--no-reuse")) as GateDocument;
  expect([again.verdict, again.attempt, lint(again)?.reused, again.timings.by_check.find(({ check }) => check === "command.lint")?.saved_us]).toEqual(["admit", 2, undefined, undefined]);
}, 240_000);
