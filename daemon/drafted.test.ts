/** Who is asked for a draft: what was asked for by name is there or refused, and nobody reads the name of a model that is another tenant's. */
import { Value } from "@sinclair/typebox/value";
import { describe, expect, test } from "bun:test";
import type { DraftRequest } from "../proto/drafting.ts";
import { MaestroError } from "../proto/errors.ts";
import { InferenceLimits } from "../proto/limits.ts";
import type { ModelsSetting, RemoteModel } from "../proto/models-config.ts";
import { openArms } from "./drafted.ts";
import { ownUser, tenant as tenantOf } from "./testing/tenants.ts";

const REMOTE: RemoteModel = { id: "large", base_url: "https://models.example/v1", model: "large-2", usd_micro_per_1k: { prompt: 150, completion: 600 }, context_tokens: 32_768 };
const SETTING: ModelsSetting = { text: [{ name: "small" }, { name: "coder", capabilities: ["code"] }, { name: "short", context_tokens: 512 }, { name: "secret-local", tenants: ["acme"] }], remote: [REMOTE, { ...REMOTE, id: "secret-remote", tenants: ["acme"] }], embedding: "mini" };

const never = (): never => {
  throw new Error("opened");
};

async function armed(models: ModelsSetting | null, wanted: Pick<DraftRequest, "path" | "model">, { tenant = "globex", sealed = false }: { tenant?: string | null; sealed?: boolean } = {}): Promise<string> {
  const arms = openArms({ host: { models, limits: { inference: Value.Create(InferenceLimits) }, modes: sealed ? ["sealed"] : [] }, modelled: { serving: never, stored: () => Promise.resolve(null) }, exampled: { nearest: never } });
  return arms(tenant === null ? ownUser(7) : tenantOf(tenant, 7), { gate_id: "g".repeat(8), tasks: ["summary"], ...wanted }, "repository").then(
    ({ arms, because }) => (arms.length > 0 ? arms.map(({ model }) => model).join(" ") : because),
    (error: unknown) => (error instanceof MaestroError ? `${error.code}: ${error.detail}` : String(error)),
  );
}

describe("a model that was named", () => {
  test.each([
    [{ model: "small" }, {}, "small"],
    [{ model: "wrong" }, {}, "models.unknown: no model of that name writes text here; there is: small, coder, short, large"],
    [{ model: "wrong", path: "remote" }, {}, "models.unknown: no model of that name writes text here; there is: large"],
    [{ model: "mini" }, {}, "models.unknown: no model of that name writes text here; there is: small, coder, short, large"],
    [{ model: "secret-local" }, {}, "models.denied: secret-local: this tenant is not among the tenants of that model's entry"],
    [{ model: "secret-local" }, { tenant: "acme" }, "secret-local"],
    [{ model: "coder" }, {}, "models.denied: coder: its entry names what it can do, and draft is not there"],
    [{ model: "short" }, {}, "models.context: short: prompt and answer may have 3400 tokens, its context has 512"],
    [{ model: "large" }, { sealed: true }, "models.denied: large: this node is sealed: nothing is asked elsewhere"],
    [{ model: "small", path: "rules" }, {}, "models.request: model: rules ask none; leave small out, or ask for another path"],
  ] as const)("%p %p: %s", async (wanted, around, said) => expect(await armed(SETTING, wanted, around)).toBe(said));
});

test("where nothing is configured, what was asked for by name says what to configure; else the rules write", async () => {
  expect(await armed(null, {})).toBe("no model is configured");
  expect(await armed(null, { path: "local" })).toBe("none is configured that you may ask; models.text in the host configuration names such, which counts from the next start");
  expect(await armed({ text: [{ name: "secret-local", tenants: ["acme"] }] }, { path: "remote" })).toContain("models.remote in the host configuration names such");
  expect(await armed(null, { model: "small" })).toBe("models.unknown: no model that writes text is configured; models.text and models.remote name such in the host configuration, which counts from the next start");
});

test("a model of this node that is stored without a template goes on with texts; one with a template, one elsewhere and one that is not stored yet are asked in turns", async () => {
  const host = { models: { ...SETTING, text: [{ name: "base" }, { name: "chat" }, { name: "later" }] }, limits: { inference: Value.Create(InferenceLimits) }, modes: [] };
  const stored = (name: string) => Promise.resolve(name === "later" ? null : { template: name === "base" ? ("none" as const) : ("file" as const) });
  const armsOf = openArms({ host, modelled: { serving: never, stored }, exampled: { nearest: never } });
  const at = async (path: "local" | "remote") => (await armsOf(tenantOf("acme", 7), { gate_id: "g".repeat(8), tasks: ["summary"], path }, "repository")).arms.map(({ model, continues }) => [model, continues]);
  expect([await at("local"), await at("remote")]).toEqual([[["base", true], ["chat", false], ["later", false]], [["large", false], ["secret-remote", false]]]);
});

test("attack: no reason names another tenant's model, however it is asked", async () => {
  for (const wanted of [{}, { path: "local" }, { path: "remote" }, { path: "rules" }, { model: "wrong" }, { model: "large" }] as const) {
    for (const sealed of [false, true]) expect(await armed({ ...SETTING, text: SETTING.text!.slice(1) }, wanted, { sealed })).not.toContain("secret");
  }
});
