import { describe, expect, test } from "bun:test";
import { authorsOf } from "../gate/facts/authors.ts";
import { Roster } from "./roster.ts";

const by = (email: string, message = "a change") => {
  const who = { name: "x", email };
  return authorsOf([{ commit: { oid: "1".repeat(40), parents: [], author: who, committer: { name: "y", email: "y@example.org" }, subject: "a change", trailers: [], signed: false }, message }], true);
};

describe("attack: an author whose own address is spelt otherwise in the commit", () => {
  const drawn = "a8kx2zqt7bnc4rmw9vyd1lsf6hpj3e@example.org";
  const roster = new Roster([{ id: "alice", emails: ["Alice@Example.org", drawn], logins: ["Alice-GH"], may: ["approve"] }], {});
  const alice = roster.get("alice")!;

  test.each([
    ["alice@example.ORG", ""],
    [" alice@example.org ", ""],
    [drawn, ""],
    [drawn.toUpperCase(), ""],
    ["1+alice-gh@users.noreply.github.com", ""],
    ["z@example.org", "> co-authored-BY : A <ALICE@EXAMPLE.ORG>"],
    ["z@example.org", `Co-authored-by: A <${drawn}>`],
  ])("%s %s", (email, line) => {
    expect(roster.authorship(alice, { authors: by(email, `a change\n\n${line}\n`), submitters: [] })).toContain("author");
  });

  test("and nobody else is taken for her", () => {
    expect(roster.authorship(alice, { authors: by("malice@example.org"), submitters: [] })).toBeNull();
  });
});
