import { expect, test } from "bun:test";
import { parseHostConfig, resolveHost } from "./host.ts";

const host = (models: string) => parseHostConfig(new TextEncoder().encode(`version: 1\ntrust_domain: a\nmodes: [local]\nmodels:\n${models}`), "maestrod.yaml");
const remote = (id: string, base_url: string) => `  remote:\n    - {id: ${id}, base_url: "${base_url}", model: m, context_tokens: 8192, usd_micro_per_1k: {prompt: 1, completion: 2}}\n`;

test("without a section there are no models, and their limits stand all the same", () => {
  const resolved = resolveHost(parseHostConfig(new TextEncoder().encode("version: 1\ntrust_domain: a\nmodes: [local]\n"), "maestrod.yaml"));
  expect(resolved.models).toBeNull();
  expect(resolved.limits.inference.sequences).toBeGreaterThan(0);
});

test("local and remote models share one space of names", () => {
  expect(host(`  text: [{name: small}]\n${remote("large", "https://models.example/v1")}`).models?.remote?.[0]?.id).toBe("large");
  expect(() => host(`  text: [{name: small}]\n${remote("small", "https://models.example/v1")}`)).toThrow("small stands there twice");
  expect(() => host("  text: [{name: a}, {name: a}]\n")).toThrow("a stands there twice");
  expect(() => host("  text: [{name: a}]\n  embedding: a\n")).toThrow("a stands there twice");
});

test("a prompt travels to strangers encrypted or not at all", () => {
  expect(() => host(remote("large", "http://models.example/v1"))).toThrow("must be https");
  expect(host(remote("near", "http://127.0.0.1:9931/v1")).models?.remote?.[0]?.base_url).toContain("9931");
  expect(() => host(remote("x", "https://user:pw@models.example/v1"))).toThrow("models.remote");
  // Names that only look like this machine, by whatever a resolver says of them.
  for (const near of ["127.0.0.1.models.example", "localhost.models.example", "127.0.0.1:80@models.example", "[::1", "0.0.0.0", "localhost."]) expect(() => host(remote("x", `http://${near}/v1`))).toThrow();
});
