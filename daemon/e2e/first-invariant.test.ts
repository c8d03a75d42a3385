/** docs/first-invariant.md beside the demo; all of its commands are typed by bench/first-invariant.accept.ts. */
import { expect, test } from "bun:test";
import { WALLET } from "../cli/demo/wallet.ts";
import { compileRepository } from "../invariants/repository.ts";
import { skipWithout } from "../testing/skip.ts";
import { FILES, PAGE } from "./testing/first-invariant.ts";

test("the demo has the page's files, and the page's Python keeps its lines", () => {
  expect(Object.keys(WALLET).map((path) => [path, FILES.get(path)])).toEqual(Object.entries(WALLET));
  const targets = [...PAGE.matchAll(/^```yaml\n(targets:[^]*?)^```$/gm)].map(([, text = ""]) => text);
  for (const text of targets) expect(compileRepository([{ name: "wallet.yaml", text: FILES.get("invariants/wallet.yaml") ?? "" }, { name: "targets.yaml", text }]).errors).toEqual([]);
  expect(targets.length).toBe(2);
  const python = Bun.which("python3");
  if (skipWithout(python !== null, "the page's Python: needs python3")) return;
  const asked = Buffer.from('{"init": true}\n{"step": 1, "action": "spend", "args": {"amount": 2000000}}\n{"step": 2, "action": "spend", "args": {"amount": 3000001}}\n');
  const { stdout } = Bun.spawnSync([python ?? "", "-c", FILES.get("drive_wallet.py") ?? ""], { stdin: asked });
  expect(stdout.toString().trim().split("\n").map((line) => JSON.parse(line))).toEqual([5, 3, 3].map((dollars) => ({ state: { balance: dollars * 1e6, spent: 5e6 - dollars * 1e6 } })));
});
