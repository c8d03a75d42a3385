/** Who is let in, without a socket: the same code the daemon asks, with a table and tokens of the test's own. */
import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { MaestroError } from "../../proto/errors.ts";
import { type TenantEntry, TenantLimits, type Verb } from "../../proto/tenant.ts";
import { Admission } from "./admission.ts";
import type { Principal } from "./principal.ts";
import { TenantTable } from "./table.ts";
import type { Grant } from "./tokens.ts";
import { ownUserOnly } from "./index.ts";

const OWN = 999;
/** Proves releases by being who she is, and is in no tenant. */
const ALICE = 1007;
const GRANT: Grant = { tenant: "red", verbs: ["gate", "read"], repositories: ["acme/*"], bound: null, jti: "token-0001", budget: { wall_us: 5 } };
const TABLE: readonly TenantEntry[] = [
  { id: "web", uids: [1001], repositories: ["acme/*"], budget: { window: "hour", cpu_us: 7 } },
  { id: "red", uids: [1003], shared_uid: true },
  { id: "blue", uids: [1003], shared_uid: true },
  { id: "crew", groups: [500], limits: { inspect_per_s: 1, inspect_burst: 2 } },
  { id: "other", groups: ["night"] },
];
const groups = (name: string | number): number | null => (name === "night" ? 600 : typeof name === "number" ? name : null);
const CREDENTIAL = { kind: "capability", text: "irrelevant" } as const;

function admission(check: () => Promise<Grant> = async () => GRANT, limits: Partial<TenantLimits> = {}): { readonly all: Admission; readonly time: { ms: number } } {
  const time = { ms: 0 };
  const all = new Admission({ table: new TenantTable(TABLE, groups), tokens: { check }, limits: { ...Value.Create(TenantLimits), ...limits }, own_uid: OWN, is_person: (uid) => uid === ALICE, monotonic_ms: () => time.ms });
  return { all, time };
}

const peer = (uid: number, ...more: number[]) => ({ uid, gid: uid, groups: more });
const answer = async (work: () => Principal | Promise<Principal>): Promise<string> => {
  try {
    return String((await work()).tenant ?? "operator");
  } catch (error) {
    if (error instanceof MaestroError) return error.code;
    throw error;
  }
};

describe("by the kernel's word alone", () => {
  const cases: readonly (readonly [who: string, peer: { uid: number; gid: number; groups: number[] }, need: Verb, answer: string])[] = [
    ["a uid of the table", peer(1001), "gate", "web"],
    ["a group of the table", peer(2000, 500), "gate", "crew"],
    ["the primary group counts", { uid: 2000, gid: 500, groups: [] }, "gate", "crew"],
    ["a group by name", peer(2000, 600), "gate", "other"],
    ["a uid says more than a group", peer(1001, 500), "gate", "web"],
    ["attack: in the groups of two tenants, to choose between their budgets", peer(2000, 500, 600), "gate", "auth.denied"],
    ["attack: nobody's user", peer(2000), "inspect", "auth.denied"],
    ["attack: a shared user without a token", peer(1003), "read", "auth.denied"],
    ["attack: a tenant operates", peer(1001), "operate", "auth.denied"],
    ["attack: a tenant whose verbs do not say so releases an artifact", peer(1001), "ship", "auth.denied"],
    ["the daemon's own user releases one", peer(OWN), "ship", "operator"],
    ["the daemon's own user operates", peer(OWN), "operate", "operator"],
    ["and root", peer(0), "operate", "operator"],
  ];
  for (const [who, asker, need, expected] of cases) test(who, async () => expect(await answer(() => admission().all.admit(asker, "admin", [need], null))).toBe(expected));

  test("whoever proves releases by their user is told what to do instead, and not to be put into a tenant", async () => {
    const said = async (uid: number): Promise<string> => {
      try {
        await admission().all.admit(peer(uid), "gate", ["read"], null);
        return "admitted";
      } catch (error) {
        return error instanceof MaestroError ? `${error.code} ${error.detail}` : String(error);
      }
    };
    expect(await said(ALICE)).toMatch(/^auth\.denied uid 1007 is a person's proof of releases .*maestro approve COMMIT --reason TEXT/);
    expect(await said(ALICE)).not.toContain("tenants:");
    expect(await said(2000)).toContain("tenants: [{ id: NAME, uids: [2000] }]");
  });

  test("nothing is needed for what is open: a stranger is nobody and may do nothing", async () => {
    const stranger = await admission().all.admit(peer(2000), "verify", [], null);
    expect([stranger.tenant, stranger.verbs.size]).toEqual([null, 0]);
  });

  test("a group this machine does not have keeps the daemon from starting", () => {
    expect(() => new TenantTable([{ id: "x", groups: ["nosuch"] }], groups)).toThrow("no group nosuch");
  });

  test("without a table: the user the daemon runs as and root, and no token makes a difference", async () => {
    const alone = ownUserOnly(OWN);
    expect(await answer(() => alone.admit(peer(OWN), "admin", ["gate"], CREDENTIAL))).toBe("operator");
    expect(await answer(() => alone.admit(peer(1001), "admin", ["inspect"], CREDENTIAL))).toBe("auth.denied");
  });
});

describe("with a token", () => {
  test("a principal is what tenant and token both allow", async () => {
    const { tenant, verbs, repositories, space, accounts, named } = await admission().all.admit(peer(1003), "gate", ["gate"], CREDENTIAL);
    expect({ tenant, verbs: [...verbs], repositories, space, named }).toEqual({ tenant: "red", verbs: ["gate", "read"], repositories: [["acme/*"]], space: "red", named: false });
    expect(accounts).toEqual([
      { key: "tenant:red", budget: {}, window_s: 86_400 },
      { key: "token:token-0001", budget: { wall_us: 5 }, window_s: null },
    ]);
  });

  test("of a tenant with a budget, both are counted", async () => {
    const { accounts, repositories } = await admission(async () => ({ ...GRANT, tenant: "web" })).all.admit(peer(1001), "gate", ["gate"], CREDENTIAL);
    expect(accounts[0]).toEqual({ key: "tenant:web", budget: { cpu_us: 7 }, window_s: 3_600 });
    expect(repositories).toEqual([["acme/*"], ["acme/*"]]);
  });

  test("attack: a token for a tenant this user is not, in the same words as for one that does not exist", async () => {
    for (const tenant of ["web", "nosuch"]) {
      const work = admission(async () => ({ ...GRANT, tenant })).all.admit(peer(1003), "gate", ["gate"], CREDENTIAL);
      await expect(Promise.resolve(work)).rejects.toThrow(`uid 1003 is not tenant ${tenant}, which the token is for`);
    }
  });

  test("attack: a token grants what its tenant does not have", async () => {
    const { all } = admission(async () => ({ ...GRANT, verbs: ["gate", "operate"] }));
    expect([...(await all.admit(peer(1003), "admin", ["gate"], CREDENTIAL)).verbs]).toEqual(["gate"]);
    expect(await answer(() => all.admit(peer(1003), "admin", ["operate"], CREDENTIAL))).toBe("auth.denied");
  });

  test("attack: guessing tokens is slowed down by user, and a sound one of another user is not", async () => {
    const wrong = async (): Promise<Grant> => Promise.reject(new MaestroError("auth.token", "no"));
    let asked = 0;
    const { all, time } = admission(() => (asked++, wrong()), { refused_burst: 3, refused_per_s: 1 });
    const codes = [];
    for (let i = 0; i < 5; i++) codes.push(await answer(() => all.admit(peer(1003), "gate", ["gate"], CREDENTIAL)));
    expect(codes).toEqual(["auth.token", "auth.token", "auth.token", "tenant.rate", "tenant.rate"]);
    expect(asked).toBe(3);
    expect(await answer(() => all.admit(peer(1001), "gate", ["gate"], CREDENTIAL))).toBe("auth.token");
    time.ms += 1_000;
    expect(await answer(() => all.admit(peer(1003), "gate", ["gate"], CREDENTIAL))).toBe("auth.token");
  });
});

describe("how fast", () => {
  test("by tenant and verb: one verb's flood leaves the tenant its others, and others theirs", async () => {
    const { all, time } = admission();
    const inspect = (uid: number) => answer(() => all.admit(peer(uid, 500), "gate", ["inspect"], null));
    expect([await inspect(2000), await inspect(2001), await inspect(2002)]).toEqual(["crew", "crew", "tenant.rate"]);
    expect(await answer(() => all.admit(peer(2000, 500), "gate", ["gate"], null))).toBe("crew");
    expect(await answer(() => all.admit(peer(1001), "gate", ["inspect"], null))).toBe("web");
    time.ms += 1_000;
    expect(await inspect(2000)).toBe("crew");
  });

  test("the refusal says when to come again", async () => {
    const { all } = admission(undefined, { gate_burst: 1, gate_per_s: 1 });
    await all.admit(peer(1001), "gate", ["gate"], null);
    const late = await Promise.resolve().then(() => all.admit(peer(1001), "gate", ["gate"], null)).catch((error: unknown) => error);
    expect(late).toMatchObject({ code: "tenant.rate", retry_after_s: 1 });
  });

  test("the operator is not held back", async () => {
    const { all } = admission(undefined, { inspect_burst: 1, inspect_per_s: 1 });
    for (let i = 0; i < 10; i++) expect(await answer(() => all.admit(peer(0), "admin", ["inspect"], null))).toBe("operator");
  });
});
