import { describe, expect, test } from "bun:test";
import { concatBytes, utf8 } from "../../../proto/encoding.ts";
import { commitLinks, parseCommit, parseIdent, type ParsedCommit } from "./commit.ts";
import { parseTrailers, TRAILERS_MAX } from "./trailers.ts";
import { cpuMs } from "../../testing/cpu.ts";

const OID = "1".repeat(40);
const TREE = "a".repeat(40);

function commit(headers: readonly string[], message: string | Uint8Array): ParsedCommit | null {
  const head = utf8(`${[`tree ${TREE}`, ...headers].join("\n")}\n\n`);
  return parseCommit(OID, concatBytes(head, typeof message === "string" ? utf8(message) : message));
}

const PEOPLE = ["author Ann <ann@x> 10 +0100", "committer Bob <bob@x> 20 -0500"];

describe("commit objects", () => {
  test("parents, people, subject over two lines, signature", () => {
    const parsed = commit([`parent ${"2".repeat(40)}`, `parent ${"3".repeat(40)}`, ...PEOPLE, "gpgsig -----BEGIN", " abc", "  tree x", " -----END"], "one\ntwo\n\nbody\n");
    expect(parsed).toMatchObject({ tree: TREE, parents: ["2".repeat(40), "3".repeat(40)], author: { name: "Ann", email: "ann@x", at_s: 10 }, committer: { name: "Bob", at_s: 20 }, subject: "one two", signed: true, lossy: false });
  });

  test("a header inside a signature is not a header", () => {
    expect(commit([...PEOPLE, "gpgsig -----BEGIN", ` parent ${"2".repeat(40)}`], "x")?.parents).toEqual([]);
  });

  test("a message in a declared encoding is read in it", () => {
    const latin = commit([...PEOPLE, "encoding ISO-8859-1"], Uint8Array.of(0x63, 0x61, 0x66, 0xe9));
    expect([latin?.subject, latin?.lossy]).toEqual(["café", false]);
  });

  test("bytes that are no text are replaced, and that is said", () => {
    const broken = commit(PEOPLE, Uint8Array.of(0x61, 0xff));
    const unknown = commit([...PEOPLE, "encoding klingon"], Uint8Array.of(0x61, 0xff));
    expect([broken?.subject, broken?.lossy, unknown?.lossy]).toEqual(["a\ufffd", true, true]);
  });

  test("what git would not use is null, in both readings", () => {
    const bad = [`tree ${TREE.slice(1)}\n\nx`, "author A <a> 1 +0000\n\nx", `tree ${TREE}\nparent zz\n\nx`, ""];
    expect(bad.map((text) => [parseCommit(OID, utf8(text)), commitLinks(utf8(text), 40)])).toEqual(bad.map(() => [null, null]));
    expect(parseCommit("1".repeat(64), utf8(`tree ${TREE}\n\nx`))).toBeNull();
  });

  test("attack: a parent below the people is nobody's parent, as for git, in both readings", () => {
    const real = `parent ${"2".repeat(40)}`;
    const fake = `parent ${"3".repeat(40)}`;
    for (const headers of [[real, ...PEOPLE, fake], [real, PEOPLE[0] ?? "", fake, PEOPLE[1] ?? ""], [real, "x y", fake, ...PEOPLE]]) {
      expect(commit(headers, "x")?.parents).toEqual(["2".repeat(40)]);
      expect(commitLinks(utf8(`tree ${TREE}\n${headers.join("\n")}\n\nx`), 40)?.parents).toEqual(["2".repeat(40)]);
    }
    expect(parseCommit(OID, utf8(`x y\ntree ${TREE}\n\nx`))).toBeNull();
  });

  test("attack: a megabyte of blanks in a subject costs no time", () => {
    const started = cpuMs();
    expect(commit(PEOPLE, `a${" ".repeat(1_000_000)}b\n\nbody`)?.subject.length).toBe(1_000_002);
    expect(cpuMs() - started).toBeLessThan(1_000);
  });

  test("people as old tools wrote them", () => {
    expect(parseIdent("A <a@b>1 +9")).toEqual({ name: "A", email: "a@b", at_s: 1 });
    expect(parseIdent("A a@b> 1 +0000")).toEqual({ name: "A a@b> 1 +0000", email: "", at_s: null });
    expect(parseIdent("<x> <y@z> 99999999999999999999 +0000")).toEqual({ name: "", email: "x> <y@z", at_s: null });
    expect(parseIdent("")).toEqual({ name: "", email: "", at_s: null });
  });
});

describe("trailers", () => {
  const of = (message: string): string[] => parseTrailers(message).trailers.map(({ key, value }) => `${key}=${value}`);

  test("the last paragraph, folded values joined", () => {
    expect(of("fix\n\nbody: not one\nprose\n\nCo-Authored-By: Claude\n <noreply@anthropic.com>\nSigned-off-by: A <a@b>\n")).toEqual(["Co-Authored-By=Claude <noreply@anthropic.com>", "Signed-off-by=A <a@b>"]);
  });

  test("several closing paragraphs, as squash merges leave them", () => {
    expect(of("fix\n\n* a\n* b\n\nCo-authored-by: A <a@b>\n\n---------\n\nCo-authored-by: Copilot <copilot@github.com>\n")).toEqual(["Co-authored-by=A <a@b>", "Co-authored-by=Copilot <copilot@github.com>"]);
  });

  test("among prose a trailer still counts: it may only raise scrutiny", () => {
    expect(of("fix\n\nGenerated with a tool\nClaude-Session: 1\nthanks\n")).toEqual(["Claude-Session=1"]);
  });

  test("the subject is none, CRLF is fine, prose ends the search", () => {
    expect([of("fix: x"), of("fix: x\r\n\r\nA-b: c\r\n"), of("x\n\nKey: early\n\nprose here\n")]).toEqual([[], ["A-b=c"], []]);
  });

  test("no more than the limit, and that is said", () => {
    const many = parseTrailers(`x\n\n${"A: b\n".repeat(TRAILERS_MAX + 1)}`);
    expect([many.trailers.length, many.truncated]).toEqual([TRAILERS_MAX, true]);
    const long = parseTrailers(`x\n\n${"y".repeat(300_000)}\n\nA: b\n`);
    expect([long.trailers, long.truncated]).toEqual([[{ key: "A", value: "b" }], true]);
  });

  test("a long line of blanks costs no time", () => {
    const started = cpuMs();
    parseTrailers(`x\n\nA:${" ".repeat(200_000)}\n${"\n \t".repeat(50_000)}${"A".repeat(100_000)}`);
    expect(cpuMs() - started).toBeLessThan(1_000);
  });
});
