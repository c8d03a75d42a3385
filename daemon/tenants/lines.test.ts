import { expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { TenantLimits } from "../../proto/tenant.ts";
import { ownUser, tenant } from "../testing/tenants.ts";
import { Lines } from "./lines.ts";

const limits = { ...Value.Create(TenantLimits), queue_max: 2 };

test("a tenant's line is its own: full for the third, open for others and for the operator, open again when one ends", async () => {
  const lines = new Lines();
  const web = tenant("web", 1001, { limits });
  const gate = Promise.withResolvers<string>();
  const held = [lines.pass(web, () => gate.promise), lines.pass(web, () => Promise.reject(new RangeError("broke")))];
  await expect(lines.pass(web, async () => "third")).rejects.toMatchObject({ code: "tenant.queue" });
  expect(await lines.pass(tenant("lib", 1002, { limits }), async () => "other")).toBe("other");
  for (let i = 0; i < 5; i++) expect(await lines.pass({ ...ownUser(0), limits }, async () => i)).toBe(i);
  await expect(held[1]).rejects.toThrow("broke");
  expect(await lines.pass(web, async () => "after a failure")).toBe("after a failure");
  gate.resolve("done");
  expect(await held[0]).toBe("done");
});
