import { describe, expect, test } from "bun:test";
import { COMMITTED_BUNDLE, compileBundle, OPA_VERSION, requireOpa, testRego } from "./build.ts";

const opa = await requireOpa();
const path = "path" in opa ? opa.path : "";
if ("because" in opa) process.stderr.write(`\nSKIPPED: the policy bundle was not compared with its source and no Rego test ran: ${opa.because}\n\n`);

describe("the default policy", () => {
  test.skipIf("because" in opa)(`compiles with opa ${OPA_VERSION} to the committed bundle, byte for byte`, async () => {
    const [built, again, committed] = [await compileBundle(path), await compileBundle(path), await Bun.file(COMMITTED_BUNDLE).bytes()];
    expect(Bun.SHA256.hash(again, "hex")).toBe(Bun.SHA256.hash(built, "hex"));
    expect(Bun.SHA256.hash(committed, "hex")).toBe(Bun.SHA256.hash(built, "hex"));
  }, 60_000);

  test.skipIf("because" in opa)("passes its own Rego tests, strict check and format", async () => {
    const { code, text } = await testRego(path);
    expect(text).toMatch(/PASS: [1-9][0-9]*\/[1-9][0-9]*/);
    expect(code).toBe(0);
  }, 60_000);
});
