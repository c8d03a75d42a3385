import { expect, test } from "bun:test";
import { EMBEDDED_CONFIG, resolveHost } from "../config/host.ts";
import { mergeGateConfig } from "../config/merge.ts";
import { withoutTools } from "./run.ts";

test("a replay drives no code and runs no model: what is declared is left out and said, and holds nothing for that", () => {
  const config = mergeGateConfig(resolveHost({ ...EMBEDDED_CONFIG, required: ["text"] }), { config: { version: 1, invariants: { folder: "rules" }, specs: [{ spec: "specs/A.tla", code: ["src/**"] }], learned: [{ path: "p.json", router: "r" }], commands: { unit: { run: ["test"] } } }, policy_path: null }, "x");
  const { config: { required }, left_out } = withoutTools(config);
  expect(config.required).toEqual(["command.unit", "invariants", "learning", "modelcheck", "text"]);
  expect([required, left_out]).toEqual([["text"], ["command.unit", "invariants", "learning", "modelcheck"]]);
});
