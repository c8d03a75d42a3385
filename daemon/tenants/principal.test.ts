import { describe, expect, test } from "bun:test";
import { ownUser, tenant } from "../testing/tenants.ts";
import { localRepositoryId, matches, maySee, mayUse, notBoundTo, verbsAt } from "./principal.ts";

const HEAD = "a".repeat(40);
const bound = { repository: "acme/app", head: HEAD, target_ref: "refs/heads/main" };

describe("which repositories may be named", () => {
  const cases: readonly (readonly [what: string, who: ReturnType<typeof tenant>, repo_id: string, may: boolean])[] = [
    ["a name of one's own", tenant("web", 1001), "local:1001:anything", true],
    ["attack: another user's name", tenant("web", 1001), "local:1002:anything", false],
    ["attack: root names a user's", ownUser(0), "local:1001:anything", false],
    ["attack: a uid that only begins alike", tenant("web", 100), "local:1001:x", false],
    ["a row of the operator's table that it was not named for", tenant("web", 1001), "acme/app", false],
    ["one it was named for", tenant("web", 1001, { repositories: [["acme/*"]], named: true }), "acme/app", true],
    ["another one", tenant("web", 1001, { repositories: [["acme/*"]], named: true }), "other/app", false],
    ["attack: a token widens what the operator named", tenant("web", 1001, { repositories: [["acme/app"], ["*"]], named: true }), "acme/other", false],
    ["attack: a token names what the operator did not", tenant("web", 1001, { repositories: [["acme/app"]] }), "acme/app", false],
    ["a token narrows local names too", tenant("web", 1001, { repositories: [["acme/app"]] }), "local:1001:acme/other", false],
    ["a job's token speaks for its own repository", tenant("web", 1001, { named: true, bound }), "acme/app", true],
    ["attack: and for no other", tenant("web", 1001, { named: true, bound }), "acme/lib", false],
    ["attack: nor for a local one of another name", tenant("web", 1001, { named: true, bound }), "local:1001:acme/lib", false],
    ["a colon in a local name stays in the name", tenant("web", 1001, { repositories: [["a:b"]] }), "local:1001:a:b", true],
    ["the operator uses every row of the table", ownUser(0), "acme/app", true],
  ];
  for (const [what, who, repo_id, may] of cases) test(what, () => expect(mayUse(who, repo_id)).toBe(may));

  test("attack: a local name can never be read as somebody else's, whatever is in it", () => {
    const [mine, theirs] = [tenant("web", 1001), tenant("lib", 1002)];
    for (const name of ["1002:x", ":1002:x", "local:1002:x", "x"]) {
      const repo_id = localRepositoryId(mine, name);
      expect([mayUse(mine, repo_id), mayUse(theirs, repo_id)]).toEqual([true, false]);
    }
  });

  test("two tenants on one user have two spaces", () => {
    expect(localRepositoryId(tenant("web", 1001, { space: "web" }), "x")).not.toBe(localRepositoryId(tenant("lib", 1001, { space: "lib" }), "x"));
  });
});

describe("which gates may be read", () => {
  const row = { repo_id: "local:1001:acme/app", head: HEAD, owner_uid: 1001, owner_tenant: "web" };
  test("one's own, from any user of the tenant", () => {
    expect(maySee(tenant("web", 1001), row)).toBe(true);
    expect(maySee(tenant("web", 1002), row)).toBe(true);
  });
  test("attack: another tenant's, even with the same user", () => {
    expect(maySee(tenant("lib", 1001), row)).toBe(false);
    expect(maySee(tenant("lib", 1001, { space: "lib" }), row)).toBe(false);
  });
  test("attack: with a token for another repository", () => {
    expect(maySee(tenant("web", 1001, { repositories: [["acme/lib"]] }), row)).toBe(false);
  });
  test("a gate from before there were tenants is its user's, unless that user is shared", () => {
    const old = { repo_id: "local:1001:x", head: HEAD, owner_uid: 1001 };
    expect(maySee(tenant("web", 1001), old)).toBe(true);
    expect(maySee(tenant("web", 1001, { space: "web" }), old)).toBe(false);
  });
  test("of the operator's table: whoever may name the repository", () => {
    const listed = { repo_id: "acme/app", head: HEAD, owner_uid: 1, owner_tenant: "other" };
    expect(maySee(tenant("web", 1001, { named: true, repositories: [["acme/*"]] }), listed)).toBe(true);
    expect(maySee(tenant("web", 1001), listed)).toBe(false);
  });
  test("attack: a job's token reads the cards of other changes of its repository", () => {
    const job = tenant("web", 1001, { named: true, bound });
    const listed = { repo_id: "acme/app", head: HEAD, owner_uid: 1, owner_tenant: "other" };
    expect([maySee(job, listed), maySee(job, { ...listed, head: "b".repeat(40) })]).toEqual([true, false]);
  });
  test("the operator reads all", () => expect(maySee(ownUser(0), row)).toBe(true));
});

test("a job's token is for one commit and one target", () => {
  const job = tenant("web", 1001, { bound });
  expect(notBoundTo(job, { head: HEAD, target_ref: "refs/heads/main" })).toBeNull();
  expect(notBoundTo(job, { head: "b".repeat(40), target_ref: "main" })).toContain("not for bbbb");
  expect(notBoundTo(job, { head: HEAD, target_ref: "release" })).toContain("not for release");
  // Attack: a branch whose short name is the full name of another.
  const twice = tenant("web", 1001, { bound: { ...bound, target_ref: "refs/heads/refs/heads/main" } });
  expect(notBoundTo(twice, { head: HEAD, target_ref: "refs/heads/main" })).toContain("not for refs/heads/main");
  expect(notBoundTo(tenant("web", 1001), { head: "b".repeat(40), target_ref: "x" })).toBeNull();
});

test("a socket's role lets through what it is for", () => {
  const all = ["gate", "replay", "read", "inspect", "operate", "ship"] as const;
  expect([...verbsAt("admin", all)]).toEqual([...all]);
  expect([...verbsAt("gate", all)]).toEqual(["gate", "replay", "read", "inspect", "ship"]);
  expect([...verbsAt("witness", all)]).toEqual([]);
  expect([...verbsAt("verify", all)]).toEqual(["read", "inspect"]);
});

test("a star stands at an end and for everything behind it", () => {
  expect([matches("acme/*", "acme/"), matches("*", "x"), matches("a*c", "abc"), matches("acme", "acme/app"), matches("acme/*", "acme")]).toEqual([true, true, false, false, false]);
});
