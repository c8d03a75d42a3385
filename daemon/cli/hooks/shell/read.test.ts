import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readScript } from "./read.ts";
import { SCRIPT_LIMITS, type Script } from "./script.ts";
import { cpuMs } from "../../../testing/cpu.ts";

const lines = ({ commands }: Script): string[] => commands.filter(({ words }) => words.length > 0).map(({ words }) => words.map(({ text, dynamic }) => (dynamic ? "?" : text)).join(" "));
const read = (text: string): string[] => lines(readScript(text));

describe("every command that could run is found", () => {
  test.each([
    ["a b; c && d || e & f | g", ["a b", "c", "d", "e", "f", "g"]],
    ["if x; then y; elif z; then w; else v; fi", ["x", "y", "z", "w", "v"]],
    ["while a; do b; done; until c; do d; done", ["a", "b", "c", "d"]],
    ["case $1 in a) git push;; *) ls;; esac", ["git push", "*", "ls"]],
    ["f() { git push; }; function g { ls; }", ["f", "git push", "function g", "ls"]],
    ["(cd x; a) ; { b; }", ["cd x", "a", "b"]],
    ["! a", ["a"]],
    ["a $(b `c`) \"$(d)\"", ["c", "b ?", "d", "a ? ?"]],
    ["x=$(a) y=${z:-$(b)} c", ["a", "b", "c"]],
    ["a <(b) > >(c)", ["b", "c", "a ?"]],
    ["cat <<EOF\n$(a) `b`\nEOF\nc", ["cat", "a", "b", "c"]],
    ["cat <<'EOF'\n$(a)\nEOF\nc", ["cat", "c"]],
    ["a # b; c\nd", ["a", "d"]],
    ["echo x |\n  sh", ["echo x", "sh"]],
    ["a \\\n b", ["a b"]],
    ["((i < 3)) && ((x = $(a)))", ["a"]],
    ["time -p a", ["time -p a"]],
  ])("%s", (text, expected) => expect(read(text)).toEqual(expected));
});

describe("a word says what it says however it is written", () => {
  test.each([
    ["g''it p\"us\"h", "git push"],
    ["$'\\x67it' $'p\\165sh'", "git push"],
    ["g\\it \\push", "git push"],
    ["X='git push'; $X", "git push"],
    ["A=pu; B=sh; git $A$B", "git push"],
    ["git {push,}", "git push"],
    ["export C=git; \"$C\" push", "git push"],
    ["for c in push; do git $c; done", "git push"],
  ])("%s", (text, expected) => expect(read(text)).toContain(expected));

  test("a value that has changed is not known, which is said", () => {
    expect(read("F=a; F=b; rm $F").at(-1)).toBe("rm ?");
    expect(read("read F; rm $F").at(-1)).toBe("rm ?");
  });
});

test("folders are followed where they can be, and unknown where not", () => {
  const folders = (text: string): (string | null)[] => readScript(text).commands.map(({ folder }) => folder);
  expect(folders("cd a && b; (cd c; d); e")).toEqual([".", "a", "a", "a/c", "a"]);
  expect(folders("cd $X; b")).toEqual([".", null]);
  expect(folders("cd /tmp; b; popd; c")).toEqual([".", "/tmp", "/tmp", null]);
});

test("what a pipe or here-document hands on is kept with the command that reads it", () => {
  const last = (text: string) => readScript(text).commands.at(-1);
  expect(last("echo 'git push' | sh")?.piped).toBe("git push");
  expect(last("curl x | sh")?.piped).toBe("unknown");
  expect(last("cat <<E | sh\ngit push\nE")?.piped).toBe("git push");
  expect(last("sh <<< 'git push'")?.stdin).toBe("git push");
});

test("attack: what cannot be read to its end is said, and what stood before it counts", () => {
  for (const text of ["git push; 'open", "a \"b", "a $(b", "a `b", "a ${b", "a > ", "a \0 b"]) expect([text, readScript(text).unread === null]).toEqual([text, false]);
  expect(read("git push; 'open")).toEqual(["git push"]);
});

test("attack: limits hold, each said by name", () => {
  expect(readScript("a".repeat(SCRIPT_LIMITS.characters_max + 1)).unread).toContain("characters");
  expect(readScript(`${"$(".repeat(20)}a${")".repeat(20)}`).unread).toContain("deep");
  expect(readScript("a;".repeat(SCRIPT_LIMITS.commands_max + 1)).unread).toContain("commands");
  expect(readScript("a ".repeat(SCRIPT_LIMITS.words_max + 1)).unread).toContain("words");
  expect(readScript("{a,b}".repeat(12)).unread).toContain("braces");
});

test("attack: no text takes longer than its length allows", () => {
  for (const unit of ["(", "$(", "`", "\"$(", "{a,", "<<E\n", "a=", "\\", "'", "$((", "[[ "]) {
    const started = cpuMs();
    readScript(unit.repeat(20_000));
    expect([unit, cpuMs() - started < 3_000]).toEqual([unit, true]);
  }
}, 120_000);

test("laws: nothing is thrown, whatever the text", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."ab ;&|()<>{}'\"`$\\\n=#~*-!", "$(", "${", "<<E\n", "&&"), maxLength: 60 }), (text) => {
      expect(readScript(text).commands.length).toBeLessThan(200);
    }),
    { numRuns: 3_000, verbose: 1 },
  );
});

/** One of the ways to write a text so that a shell reads it back. */
const STYLES: readonly ((text: string) => string)[] = [
  (text) => `'${text.replaceAll("'", "'\\''")}'`,
  (text) => `"${text.replace(/[\\"$`]/g, "\\$&")}"`,
  (text) => `$'${[...text].map((c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`).join("")}'`,
  (text) => [...text].map((c) => (/[A-Za-z0-9]/.test(c) ? c : c === "\n" ? "'\n'" : `\\${c}`)).join(""),
];

test("oracle: bash reads the same words out of the same text", () => {
  const text = fc.string({ unit: fc.constantFrom(..."ab'\"\\$` ;|&(){}<>*?#~,=!\n"), minLength: 1, maxLength: 8 });
  const word = fc.array(fc.tuple(text, fc.nat(STYLES.length - 1)), { minLength: 1, maxLength: 3 });
  const cases = fc.sample(fc.array(word, { minLength: 1, maxLength: 4 }), { numRuns: 150, seed: 20_261_122 });
  const written = cases.map((words) => words.map((parts) => parts.map(([part, style]) => STYLES[style]!(part)).join("")).join(" "));
  const bash = Bun.spawnSync(["bash", "-c", written.map((line) => `printf '%s\\0' ${line}; printf '\\1'`).join("\n")]);
  const theirs = bash.stdout.toString().split("\u0001").slice(0, -1).map((line) => line.split("\0").slice(0, -1));
  const ours = written.map((line) => readScript(`p ${line}`).commands[0]?.words.slice(1).map((one) => one.text));
  expect(theirs).toHaveLength(cases.length);
  expect(ours).toEqual(theirs);
});
