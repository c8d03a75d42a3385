import { expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import type { Actor } from "../../proto/actor.ts";
import { keptAuthors, unnamed } from "./pseudonyms.ts";
import { Roster } from "./roster.ts";

const under = (key: string) => (text: string) => createHmac("sha256", key).update(text).digest("hex");
const keyed = under("a");
const plain = { emails: ["jane@example.org", "7+ada-gh@users.noreply.github.com"], complete: true };
const roster = (key = keyed) => new Roster([{ id: "jane", emails: ["Jane@Example.org"], may: ["approve"] }, { id: "ada", logins: ["Ada-GH"], may: ["approve"] }, { id: "eve", emails: ["eve@example.org"], may: ["approve"] }], {}, key);
const said = (authors: typeof plain, who: string, key = keyed): string | null => {
  const known = roster(key);
  return known.authorship(known.get(who)!, { authors, submitters: [] });
};

test("authors are kept without their addresses, and still nobody who wrote the change may release it, by address or by login", () => {
  const kept = keptAuthors(plain, keyed);
  expect(JSON.stringify(kept)).not.toMatch(/jane|ada|example|@/i);
  expect([said(kept, "jane"), said(kept, "ada"), said(kept, "eve")]).toEqual([expect.stringContaining("author"), expect.stringContaining("author"), null]);
});

test("attack: a node under another key takes an author for somebody else, since the digests no longer match", () => {
  const kept = keptAuthors(plain, keyed);
  expect([said(kept, "jane", under("b")), said(kept, "eve", under("b"))]).toEqual([expect.stringContaining("nobody is known"), expect.stringContaining("nobody is known")]);
  const keyless = new Roster(roster().people, {});
  expect(keyless.authorship(keyless.get("eve")!, { authors: kept, submitters: [] })).toContain("nobody is known");
});

const actor = (name: string, signs: Actor["signs"] = []): Actor => ({ class: "human", authenticated: false, name, agent: null, signs });

test("a person has a pseudonym on the card, in the title and behind aider, too; a program keeps its name", () => {
  const shown = unnamed({ title: "fix what Jane Roe broke", actor: actor("Jane Roe (aider)", [{ source: "author", text: "Jane Roe (aider) <[e-mail]>", says: "agent", observer: "job" }]) }, keyed);
  expect(JSON.stringify(shown)).not.toContain("Jane");
  expect(shown.actor.name).toMatch(/^person-[0-9a-f]{10}$/);
  expect(unnamed({ title: "bump", actor: actor("dependabot[bot]", [{ source: "author", text: "dependabot[bot] <x@y>", says: "bot", observer: "job" }]) }, keyed).actor.name).toBe("dependabot[bot]");
});
