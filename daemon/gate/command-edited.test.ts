/** A change that edits what its base's commands run, through intake, facts, checks, policy and decision. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { GateResult } from "../../proto/api.ts";
import { pathText } from "../../proto/scalar.ts";
import { World } from "../testing/core.ts";
import { skipWithout } from "../testing/skip.ts";

// Real sandboxes on a busy machine.
setDefaultTimeout(120_000);

let world: World;
let serial = 0;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world[Symbol.asyncDispose]());

const sandboxed = skipWithout(Bun.which("bwrap") !== null, "an edited command: needs bubblewrap");

const BASE = {
  "maestro.yaml": [
    "version: 1",
    "commands:",
    "  check: {run: [sh, scripts/check.sh]}",
    "  unit: {run: [sh, -c, 'exit 0; npm test'], guards: [lint.json]}",
    "obligations:",
    '  unit.count: {from: {command: check, file: n.json}, format: json, pointer: /n, min: "1"}',
    "",
  ].join("\n"),
  "package.json": '{"scripts": {"test": "sh tools/unit.sh"}}\n',
  "scripts/check.sh": "printf '{\"n\": 1}' > /scratch/n.json\ntest -f needed.txt\n",
  "tools/unit.sh": "false\n",
  "needed.txt": "x\n",
  "lint.json": "{}\n",
};

async function gated(head: Readonly<Record<string, string | null>>, message: string): Promise<GateResult> {
  const source = world.scratch.source(`edited${serial++}`);
  const target = await source.commit(BASE, "base");
  const tip = await source.commit(head, message);
  const intake = await world.received(source, [target, tip], `edited${serial}`);
  return world.gate(intake, { target_ref: "refs/heads/main", target, head: tip });
}

const edits = ({ card }: GateResult): string[] => card.reasons.filter(({ rule }) => rule === "guard.command-edited").map(({ effect, because, ranges }) => `${effect} ${ranges.map(({ path, start_line }) => `${pathText(path)}:${start_line}`).join(" ")} ${because}`);

describe.skipIf(sandboxed)("attack: the change empties the script that the base's command runs", () => {
  const emptied = { "scripts/check.sh": "printf '{\"n\": 1}' > /scratch/n.json\nexit 0\n", "needed.txt": null };

  test("and it passes, as its edited script says: an agent is held, with the file, the line and the obligation", async () => {
    const result = await gated(emptied, "speed up\n\nCo-Authored-By: Claude <noreply@anthropic.com>");
    expect(result.card.checks.find(({ check }) => check === "command.check")?.result).toBe("pass");
    expect([result.verdict, edits(result)]).toEqual(["hold", [expect.stringContaining("command check runs or reads it by name; resting on that: unit.count")]]);
    expect(edits(result)[0]).toContain("scripts/check.sh:2 ");
  });

  test("a person is told", async () => {
    const result = await gated(emptied, "speed up");
    expect([result.verdict, edits(result).map((text) => text.split(" ")[0])]).toEqual(["admit", ["note"]]);
  });

  test("so it is where package.json, which the change leaves alone, leads to the script, and where a guard is declared", async () => {
    const result = await gated({ "tools/unit.sh": "true\n", "lint.json": "[]\n", ...emptied }, "speed up");
    expect(edits(result)).toEqual([expect.stringContaining("edited are commands check, unit; resting on that: unit.count")]);
    expect(edits(result)[0]).toStartWith("note scripts/check.sh:2 lint.json:1 tools/unit.sh:1 ");
  });
});

test.skipIf(sandboxed)("a change that leaves its commands alone is not held", async () => {
  const result = await gated({ "src.ts": "1\n" }, "add\n\nCo-Authored-By: Claude <noreply@anthropic.com>");
  expect([result.verdict, edits(result)]).toEqual(["admit", []]);
});
