import { expect, test } from "bun:test";
import type { StatusReply } from "../../proto/api.ts";
import { explainConfig } from "../config/explain.ts";
import { parseHostConfig, resolveHost } from "../config/host.ts";
import { utf8 } from "../../proto/encoding.ts";
import { ownUser, tenant } from "../testing/tenants.ts";
import { hostFor, settingsFor, statusFor } from "./reader.ts";
import { STATUS } from "./testing/serve.ts";

const GIVEN = parseHostConfig(utf8(`version: 1
trust_domain: ci.example.org
modes: [host]
trust_file: /etc/maestro/trust.json
repositories:
  - { id: acme/app, remote: "https://git.example.org/acme/app.git", target_refs: [refs/heads/main], credential_file: /etc/maestro/app.credentials }
  - { id: hidden/takeover, remote: "https://git.example.org/hidden/takeover.git", target_refs: [refs/heads/main] }
tenants:
  - { id: web, uids: [1001], repositories: [acme/*] }
  - { id: rival, uids: [1002], repositories: [hidden/*] }
capabilities: { trust_file: /etc/maestro/capability-trust.json, revoked: [rivals-token] }
`), "maestrod.yaml");
const HOST = resolveHost(GIVEN);
const shown = (reader: ReturnType<typeof tenant>): string => JSON.stringify(settingsFor(reader, explainConfig(GIVEN, hostFor(reader, HOST))));
const web = tenant("web", 1001, { named: true, repositories: [["acme/*"]] });

test("attack: a tenant asks for the settings, to learn of other tenants, their repositories, users and tokens", () => {
  const seen = shown(web);
  for (const other of ["hidden", "rival", "1002", "app.credentials", "capability-trust"]) expect(seen).not.toContain(other);
  expect(seen).toContain("acme/app");
  expect(seen).toContain("limits.gate.gates_max");
});

test("the operator, and a tenant that may operate, see all of it", () => {
  for (const reader of [ownUser(0), tenant("ops", 7, { verbs: new Set(["inspect", "operate"]) })]) {
    for (const word of ["hidden/takeover", "rival", "app.credentials", "rivals-token"]) expect(shown(reader)).toContain(word);
  }
});

test("attack: a tenant asks for the status after the operator's file was refused, or something of another tenant's was found damaged", () => {
  const first = { area: "gates", name: "local:1002:hidden", what: "its blob is gone" } as const;
  const status: StatusReply = { ...STATUS, reload: { at_s: 1, result: "refused", needs_restart: ["tenants"], detail: "maestrod.yaml:9: hidden/takeover stands there twice" }, integrity: { ...STATUS.integrity, first } };
  const { reload, integrity } = statusFor(web, status);
  expect([reload?.result, JSON.stringify([reload, integrity]).includes("hidden")]).toEqual(["refused", false]);
  expect(statusFor(ownUser(0), status)).toEqual(status);
});
