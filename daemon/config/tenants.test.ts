import { describe, expect, test } from "bun:test";
import { utf8 } from "../../proto/encoding.ts";
import { parseHostConfig, resolveHost } from "./host.ts";

const HEAD = "version: 1\ntrust_domain: ci.example.org\nmodes: [local]\n";
const read = (more: string) => parseHostConfig(utf8(HEAD + more), "maestrod.yaml");

test("a full table is read, and its defaults are those of proto/tenant.ts", () => {
  const host = resolveHost(read(`tenants:
  - { id: web, uids: [1001], repositories: ["acme/*"], budget: { window: hour, wall_us: 3600000000 }, limits: { queue_max: 4 } }
  - { id: crew, groups: [maestro-ci, 500], verbs: [read] }
sockets:
  - { path: /run/maestro/gate.sock, role: gate, mode: "0660", group: maestro-ci }
capabilities: { trust_file: /etc/maestro/trust.json, revoked: [token-0001] }
limits: { tenant: { gate_per_s: 9 } }
`));
  expect(host.tenants.map(({ id }) => id)).toEqual(["web", "crew"]);
  expect([host.limits.tenant.gate_per_s, host.limits.tenant.queue_max]).toEqual([9, 64]);
  expect(resolveHost(read(""))).toMatchObject({ tenants: [], sockets: [], capabilities: null, oidc: [] });
});

const ISSUER = "issuer: https://ci, audience: maestro, jwks_file: /k, repositories: [{ claim: a, id: a }]";

describe("refused, with line and reason", () => {
  const cases: readonly (readonly [what: string, yaml: string, because: string])[] = [
    ["one id twice", "tenants:\n  - { id: web, uids: [1] }\n  - { id: web, uids: [2] }\n", "6: tenants.1.id: another tenant has this id"],
    ["one user, two tenants, no token", "tenants:\n  - { id: web, uids: [1] }\n  - { id: lib, uids: [1] }\n", "uid 1 is in tenant web too"],
    ["shared by one of the two only", "capabilities: { trust_file: /t }\ntenants:\n  - { id: web, uids: [1], shared_uid: true }\n  - { id: lib, uids: [1] }\n", "set shared_uid in both"],
    ["shared, and no token is taken", "tenants:\n  - { id: web, uids: [1], shared_uid: true }\n", "a shared user needs a token"],
    ["a tenant nobody can be", "tenants:\n  - { id: web }\n", "nobody can be this tenant"],
    ["an id that could be a uid", "tenants:\n  - { id: \"1001\", uids: [1] }\n", "tenants.0.id"],
    ["a job token for nobody", `oidc:\n  - { ${ISSUER}, tenant: web }\n`, "there is no tenant of this id"],
    ["two sockets in one place", "sockets:\n  - { path: /run/a, role: gate }\n  - { path: /run/a, role: admin }\n", "another socket has this path"],
    ["a mode that YAML reads as a number", "sockets:\n  - { path: /run/a, role: gate, mode: 0660 }\n", "octal, quoted"],
    ["a verb that is none", "tenants:\n  - { id: web, uids: [1], verbs: [admin] }\n", "one of gate, replay, read, inspect, operate"],
    ["a key that is none", "tenants:\n  - { id: web, uid: [1] }\n", "tenants.0.uid is not known"],
  ];
  for (const [what, yaml, because] of cases) test(what, () => expect(() => read(yaml)).toThrow(because));
});
