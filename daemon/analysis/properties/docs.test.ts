import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { PropertyLimits } from "../../../proto/limits.ts";
import { PropertyOutcome } from "../../../proto/property.ts";
import { compileAll, planOf } from "../../invariants/index.ts";
import { testFile } from "./emit/test-file.ts";
import { insideSources } from "./sandboxed.ts";
import { ROOT } from "./testing/rig.ts";

const page = readFileSync(join(ROOT, "docs/property-tests.md"), "utf8");
const shipped = (name: string) => ({ name, text: readFileSync(join(ROOT, "invariants", name), "utf8") });

test("every target the page shows is one, and becomes a test", () => {
  const text = /```yaml\n([^]*?)```/.exec(page)?.[1] ?? "";
  const { errors, targets, compiled: [invariant] } = compileAll([shipped("events.yaml"), shipped("agent-budget.yaml"), { name: "targets.yaml", text }]);
  expect([errors, [...targets.keys()]]).toEqual([[], ["clamp", "account", "agent"]]);
  for (const [name, target] of targets) {
    const plan = planOf(name, target, invariant!);
    if ("because" in plan) throw new Error(plan.because);
    const written = () => testFile(plan, { specifier: `./${plan.module}`, file: "a.test.ts", inside: insideSources() });
    expect(written()).toMatchObject({ text: expect.stringContaining(`INV.BUDGET.CAP holds of ${name}`) });
    expect(written()).toEqual(written());
  }
});

test("the page has every reason for knowing nothing, and every limit", () => {
  const reasons = PropertyOutcome.anyOf.flatMap(({ properties }) => ("reason" in properties ? Reflect.get(properties.reason, "anyOf").map((one: { readonly const: string }) => one.const) : []));
  expect(reasons.length).toBeGreaterThan(5);
  expect(reasons.filter((reason) => !page.includes(`\`${reason}\``))).toEqual([]);
  expect(Object.keys(Value.Create(PropertyLimits)).filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});
