import { expect, test } from "bun:test";
import { MaestroError } from "../../../proto/errors.ts";
import type { ModelsSetting } from "../../../proto/models-config.ts";
import { offered, type Offered } from "./offered.ts";

function refusal(setting: ModelsSetting | null, paths: readonly Offered["path"][], tenant: string | null = null): string {
  try {
    offered(setting, { tenant }, "nope", paths);
  } catch (thrown) {
    if (thrown instanceof MaestroError) return `${thrown.code}: ${thrown.detail}`;
    throw thrown;
  }
  return "nothing was refused";
}

test("where no model answers to a name it is said which do, and where one is configured if none is", () => {
  expect(refusal(null, ["local", "remote"])).toBe("models.unknown: no model that writes text is configured; models.text and models.remote name such in the host configuration, which counts from the next start");
  expect(refusal({ text: [{ name: "small" }] }, ["embedding"])).toContain("no model that embeds is configured; models.embedding names one");
  expect(refusal({ text: [{ name: "small" }, { name: "own", tenants: ["web"] }], embedding: "mini" }, ["local", "remote"], "other")).toBe("models.unknown: no model of that name writes text here; there is: small");
});
