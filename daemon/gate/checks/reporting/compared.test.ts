import { describe, expect, test } from "bun:test";
import type { Outcome } from "../../../../proto/outcome.ts";
import { factsOf, type TextChange } from "../../../testing/facts.ts";
import { outcomeOf } from "../../../testing/checks.ts";
import paths from "../paths.ts";
import secrets from "../secrets.ts";
import text from "../text.ts";
import { reversed, takenAway } from "./reversed.ts";

const told = ({ findings, comparison }: Outcome): string => [...findings.map(({ rule, baseline }) => `${rule} ${baseline}`), ...(comparison?.fixed ?? []).map(({ rule, count }) => `${rule} fixed ${count}`)].join(", ");
const debug = "export function run() {\n  debugger;\n}\n";
const token = (body: string) => `const token = "${"ghp"}_${body}";\n`;
/** Its checksum is right. */
const ONE = `a8Kx2ZqT7bNc4RmW9vYd1LsF6hPj3E${"2f3OhS"}`;
const key = (body: string) => `${"-----BEGIN"} PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`;
const KEY_ONE = "MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF";
const KEY_TWO = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC";

describe("findings of the base are existing", () => {
  const kept: readonly (readonly [string, readonly TextChange[]])[] = [
    ["re-indented", [{ path: "a.ts", old: debug, new: debug.replace("  debugger", "\t\t  debugger") }]],
    ["in a renamed file", [{ path: "b.ts", old_path: "a.ts", old: debug, new: `${debug.replace("  debugger", "    debugger")}\nexport const b = 1;\n` }]],
    ["moved down in its file", [{ path: "a.ts", old: `debugger;\n${"x();\n".repeat(20)}`, new: `${"x();\n".repeat(20)}debugger;\n` }]],
    ["moved to another file", [{ path: "a.ts", old: `a();\n${debug}`, new: "a();\n" }, { path: "b.ts", old: "b();\n", new: `b();\n${debug}` }]],
    ["its file is split in two", [{ path: "a.ts", old: debug, new: null }, { path: "b.ts", old: null, new: debug }]],
  ];
  test.each(kept)("%s", async (_, changes) => {
    expect(told(await outcomeOf(text, changes))).toBe("code.debugger existing");
  });

  test("two equal lines are counted: a third of two is new", async () => {
    const outcome = await outcomeOf(text, [{ path: "a.ts", old: "debugger;\nx();\ndebugger;\n", new: "if (a) {\n  debugger;\n  y();\n  debugger;\n  z();\n  debugger;\n}\n" }]);
    expect(told(outcome).split(", ").toSorted()).toEqual(["code.debugger existing", "code.debugger existing", "code.debugger new"]);
  });

  test("what is gone is fixed and counted", async () => {
    expect(told(await outcomeOf(text, [{ path: "a.ts", old: "debugger;\nx();\ndebugger;\n", new: "x();\n" }]))).toBe("code.debugger fixed 2");
    expect(told(await outcomeOf(paths, [{ path: "src/a.ts", old_path: "src/aux.ts", old: "a\n", new: "a\n" }]))).toBe("path.unsafe fixed 1");
  });
});

describe("attacks: what is new stays new", () => {
  test("another statement on the line of an old finding", async () => {
    expect(told(await outcomeOf(text, [{ path: "a.ts", old: "debugger;\n", new: "steal(); debugger;\n" }]))).toBe("code.debugger new, code.debugger fixed 1");
  });

  test("another statement far out on a line of thousands of characters", async () => {
    const long = (end: string) => `const x = "${"a ".repeat(3_000)}"; ${end} // ${String.fromCharCode(0x202e)}\n`;
    expect(told(await outcomeOf(text, [{ path: "a.ts", old: long("x();"), new: long("steal();") }]))).toBe("text.bidi-control new, text.bidi-control fixed 1");
    expect(told(await outcomeOf(text, [{ path: "a.ts", old: long("x();"), new: null }, { path: "b.ts", old: null, new: long("x();") }]))).toBe("text.bidi-control existing");
  });

  test("another credential in place of an old one, whose masked lines are equal", async () => {
    expect(told(await outcomeOf(secrets, [{ path: "a.ts", old: key(KEY_ONE), new: key(KEY_TWO) }]))).toBe("secret.private-key new, secret.private-key fixed 1");
    expect(told(await outcomeOf(secrets, [{ path: "b.ts", old_path: "a.ts", old: `x();\n${key(KEY_ONE)}`, new: `y();\n  ${key(KEY_ONE).replaceAll("\n", "\n  ")}` }]))).toBe("secret.private-key existing");
    expect(told(await outcomeOf(secrets, [{ path: "a.ts", old: token(ONE), new: `  ${token(ONE)}` }]))).toBe("secret.token existing");
  });

  test("another conflict in place of an old one, whose markers are equal", async () => {
    const conflict = (side: string) => `<<<<<<< HEAD\n${side}\n=======\nb\n>>>>>>> topic\n`;
    expect(told(await outcomeOf(text, [{ path: "a.ts", old: null, new: conflict("evil") }, { path: "b.ts", old: conflict("c"), new: null }]))).toBe("merge.conflict-marker new, merge.conflict-marker fixed 1");
    expect(told(await outcomeOf(text, [{ path: "a.ts", old: null, new: conflict("c") }, { path: "b.ts", old: conflict("c"), new: null }]))).toBe("merge.conflict-marker existing");
  });

  test("an unsafe name elsewhere is no move of one that goes", async () => {
    expect(told(await outcomeOf(paths, [{ path: "a/aux.ts", old: "a\n", new: null }, { path: "b/aux.ts", old: null, new: "quite another\nfile\n" }]))).toBe("path.unsafe new, path.unsafe fixed 1");
  });

  test("a link that is turned elsewhere", async () => {
    expect(told(await outcomeOf(paths, [{ path: "l", old: "../../etc/hosts", new: "../../etc/shadow", mode: "120000" }]))).toContain("path.unsafe new");
  });

  test("a copy takes nothing away, so what it brings is new", async () => {
    const facts = factsOf([{ path: "b.ts", old: null, new: debug }]);
    expect(takenAway({ ...facts, files: facts.files.map((file) => ({ ...file, status: "copied", old_path: { u: "a.ts" } })) })).toBe(0);
  });
});

describe("where the base cannot be told", () => {
  test("lines that were cut leave everything new, and the outcome says so", async () => {
    const outcome = await outcomeOf(secrets, [{ path: "a.ts", old: key(KEY_ONE), new: `x\n${key(KEY_ONE)}`, truncated: true }, { path: "b.ts", old: key(KEY_TWO), new: `  ${key(KEY_TWO)}` }]);
    expect([outcome.comparison?.not_compared?.slice(0, 35), outcome.findings.every(({ baseline }) => baseline === "new")]).toEqual(["the base could not be seen whole: 1", true]);
  });

  test("a change that only adds is compared with nothing, and asks nothing twice", async () => {
    const outcome = await outcomeOf(text, [{ path: "a.ts", old: null, new: "debugger;\n" }]);
    expect([told(outcome), outcome.comparison]).toEqual(["code.debugger new", undefined]);
  });
});

test("taken back twice, a change is itself again", () => {
  const facts = factsOf([{ path: "a.ts", old: "a\nb\n", new: "a\nc\n" }, { path: "n.ts", old: null, new: "n\n" }, { path: "o.ts", old: "o\n", new: null }]);
  const twice = reversed(reversed(facts));
  expect(twice.files).toEqual([...facts.files]);
  expect(new Set(twice.tree.map((entry) => JSON.stringify(entry)))).toEqual(new Set(facts.tree.map((entry) => JSON.stringify(entry))));
  expect(twice.contents).toEqual(facts.contents);
});
