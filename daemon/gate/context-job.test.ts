/** Lines around findings over real repositories, as a check process reads them. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { CONTEXT_LINE_CHARS_MAX, CONTEXT_LINES_MAX, type FindingContext } from "../../proto/cards.ts";
import { FactsLimits } from "../../proto/config.ts";
import { ContextJobReply } from "../../proto/context-job.ts";
import { Scratch } from "../platform/git/testing/scratch.ts";
import { contextJob } from "./context-job.ts";

const LIMITS = Value.Create(FactsLimits);
type Files = Record<string, string | null>;

let scratch: Scratch;
let serial = 0;
beforeAll(async () => {
  scratch = await Scratch.create();
});
afterAll(() => scratch.dispose(), 60_000);

async function contexts(before: Files, after: Files, places: readonly (readonly [path: string, start: number, end?: number])[]): Promise<readonly FindingContext[]> {
  const source = scratch.source(`context-${++serial}`);
  const target = await source.commit({ "README.md": "# app\n", ...before });
  const head = await source.commit(after, "change");
  const reply = await contextJob({
    kind: "context", git: { ...scratch.tools }, git_dir: join(source.path, ".git"), object_format: "sha1", target, head, limits: LIMITS, deadline_ms: 20_000,
    places: places.map(([path, start_line, end_line = start_line]) => ({ check: "text", rule: "text.bidi", fingerprint: "f".repeat(64), path: { u: path }, start_line, end_line })),
  });
  expect(Value.Check(ContextJobReply, reply)).toBe(true);
  return reply.findings;
}

const lineNumbers = (from: number, to: number, word = "line"): string => Array.from({ length: to - from + 1 }, (_, i) => `${word} ${from + i}\n`).join("");
const shown = ({ lines }: FindingContext): string[] => lines.map(({ sign, old_line, new_line, text }) => `${sign}${old_line ?? ""}:${new_line ?? ""} ${text}`);

test("a line with what is around it, what it replaced, and the numbers on both sides", async () => {
  const before = lineNumbers(1, 30);
  const [one] = await contexts({ "a.txt": before }, { "a.txt": before.replace("line 15\n", "line fifteen\nline fifteen and a half\n") }, [["a.txt", 15]]);
  expect(one?.because).toBeNull();
  expect(shown(one!)).toEqual([" 12:12 line 12", " 13:13 line 13", " 14:14 line 14", "-15: line 15", "+:15 line fifteen", "+:16 line fifteen and a half", " 16:17 line 16", " 17:18 line 17", " 18:19 line 18"]);
});

test("a new file from its first line, a deleted one by its old lines, and a long finding cut to what is shown", async () => {
  const [added, gone, long] = await contexts({ "gone.txt": lineNumbers(1, 3) }, { "new.txt": lineNumbers(1, 200), "gone.txt": null }, [["new.txt", 1], ["gone.txt", 2], ["new.txt", 2, 199]]);
  expect(shown(added!)).toEqual(["+:1 line 1", "+:2 line 2", "+:3 line 3", "+:4 line 4", "+:5 line 5"]);
  expect(shown(gone!)).toEqual(["-1: line 1", "-2: line 2", "-3: line 3"]);
  expect([long!.lines.length, long!.because]).toEqual([CONTEXT_LINES_MAX, null]);
});

test("where there are no lines it says why", async () => {
  const [elsewhere, far, binary] = await contexts({ "a.txt": lineNumbers(1, 40), "b.txt": "b\n" }, { "a.txt": `${lineNumbers(1, 40)}end\n`, "c.bin": "a\0b\n" }, [["b.txt", 1], ["a.txt", 2], ["c.bin", 1]]);
  expect([elsewhere, far, binary].map((one) => [one?.lines.length, one?.because])).toEqual([[0, "the change does not touch this file"], [0, "the change's diff does not show these lines"], [0, "binary"]]);
});

test("a change whose commits are gone, or whose files are, is said to be, and is no failure", async () => {
  const source = scratch.source(`context-${++serial}`);
  const target = await source.commit({ "a.txt": "1\n" });
  const head = await source.commit({ "a.txt": "2\n" }, "change");
  const blob = source.git("rev-parse", "HEAD:a.txt");
  const asked = (of: string) => contextJob({ kind: "context", git: { ...scratch.tools }, git_dir: join(source.path, ".git"), object_format: "sha1", target, head: of, limits: LIMITS, deadline_ms: 20_000, places: [{ check: "text", rule: "text.bidi", fingerprint: "f".repeat(64), path: { u: "a.txt" }, start_line: 1, end_line: 1 }] });
  const gone = await asked("e".repeat(40));
  rmSync(join(source.path, ".git/objects", blob.slice(0, 2), blob.slice(2)));
  const empty = await asked(head);
  expect([gone, empty].map(({ findings: [one] }) => [one?.lines.length, one?.because?.startsWith("the change cannot be read any more: ")])).toEqual([[0, true], [0, true]]);
});

test("attack: credentials beside a finding, of the old text and the new, on one line or many, are in no line that leaves the process", async () => {
  const token = `ghp_${"a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"}`;
  const slack = ["xoxb", "123456789012", "1234567890123", "AbCdEfGhIjKlMnOpQrStUvWx"].join("-");
  const key = ["-----BEGIN PRIVATE KEY-----", "MC4CAQAwBQYDK2VwBCIEIHx9f3Qk2b7YtPzLmR5vN8sWdK1cJ6aXuG0eHqTfBoVi", "kQ9z", "-----END PRIVATE KEY-----"];
  const found = await contexts({ "a.ts": `const a = "${token}";\nlet b = 1;\n` }, { "a.ts": `const a = "";\nlet b = 2;\nconst c = "${slack}";\n${key.join("\n")}\nlet d = "postgres://admin:hunter2@db.internal/app"; // call +49 30 901820, jane.doe@example.org\n` }, [["a.ts", 1], ["a.ts", 4], ["a.ts", 8]]);
  const text = JSON.stringify(found);
  expect(found.every(({ lines }) => lines.length > 0)).toBe(true);
  for (const secret of [token, slack, key[1]!, key[2]!, "hunter2", "jane.doe", "901820"]) expect([secret, text.includes(secret)]).toEqual([secret, false]);
});

test("attack: a line of megabytes, marks of direction, and halves of characters: bounded, whole characters, and raw for its face to escape", async () => {
  const [one] = await contexts({}, { "min.js": `${"x😀".repeat(400_000)}\n\u202e}{\n<script>alert(1)</script>\n` }, [["min.js", 2]]);
  expect([one!.lines[0]!.text.length <= CONTEXT_LINE_CHARS_MAX, one!.lines[0]!.cut, one!.lines.every(({ text }) => text.isWellFormed())]).toEqual([true, true, true]);
  expect(one!.lines.slice(1).map(({ text }) => text)).toEqual(["\u202e}{", "<script>alert(1)</script>"]);
});
