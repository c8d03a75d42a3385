/** Whose driver a change edits is said, whatever the driver then shows. */
import { describe, expect, test } from "bun:test";
import { toBase64, utf8 } from "../../../../proto/encoding.ts";
import type { Facts } from "../../../../proto/facts.ts";
import { outcomeOf } from "../../../testing/checks.ts";
import invariants from "../invariants.ts";

const CAP = "id: SPEND.CAP\nscope: payments\nwhen:\n  - event: payment\nfields: {spent: int, budget: int}\nassert:\n  - expr: spent <= budget\n";
const targetsOf = (target: string): string => `targets:\n  account:\n    invariants: [SPEND.CAP]\n    ${target}\n`;
const MODEL = "model: {module: test/account.ts, export: account}\n    actions: {spend: {args: {amount: int}}}";
const command = (argv: string): string => `command: {argv: ${argv}}\n    actions: {spend: {args: {amount: int}}}`;

async function saidOf(target: string, changed: { readonly path: string; readonly old_path?: string }, code: string[] = ["src/**"]) {
  const file = (path: string, text: string) => ({ path, old: toBase64(utf8(text)), new: toBase64(utf8(text)), unread: null });
  const formal: Facts["formal"] = { specs: [], invariants: { folder: "rules", code }, files: [file("rules/cap.yaml", CAP), file("rules/targets.yaml", targetsOf(target))] };
  const { result, findings } = await outcomeOf(invariants, [{ old: "shows what was spent\n", new: "shows nothing\n", ...changed }], { formal });
  return { result, found: findings.map(({ rule, message }) => `${rule}: ${message.split(":")[0]}`) };
}
const FOUND = ["invariant.driver-changed: the driver of the target account changed"];

describe("attack: a change edits what its own code is driven by:", () => {
  test.each([
    ["the module of a model", MODEL, { path: "test/account.ts" }],
    ["the module is moved away", MODEL, { path: "test/else.ts", old_path: "test/account.ts" }],
    ["the script of a command", command("[python3, ./test/agent.py]"), { path: "test/agent.py" }],
    ["a program that is a file of the tree", command("[./test/agent]"), { path: "test/agent" }],
    ["a script behind an option", command('[awk, "--file=test/agent.awk"]'), { path: "test/agent.awk" }],
    ["a script in a line of shell", command('[sh, -c, "cd . && exec python3 test/agent.py -q"]'), { path: "test/agent.py" }],
  ] as const)("%s", async (_, target, changed) => {
    // Nothing could be driven here: the driver is named all the same, and no pass comes of it.
    expect(await saidOf(target, changed)).toEqual({ result: "unavailable", found: FOUND });
  });
});

test("other code, a function that is itself what is asked, and a file called like a program of the PATH are no driver", async () => {
  expect(await saidOf(MODEL, { path: "docs/account.ts" })).toMatchObject({ result: "not_applicable", found: [] });
  expect((await saidOf("function: {module: src/pay.ts, export: pay, args: [budget], returns: spent}", { path: "src/pay.ts" })).found).toEqual([]);
  expect(await saidOf(command("[python3, test/agent.py]"), { path: "python3" })).toMatchObject({ result: "not_applicable", found: [] });
});
