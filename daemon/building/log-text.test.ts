/** What a build printed, without what lets somebody in: not the half of it either. */
import { expect, test } from "bun:test";
import { toBase64, utf8 } from "../../proto/encoding.ts";
import { TAIL_BYTES_MAX } from "../platform/sandbox/job.ts";
import { buildLog } from "./log-text.ts";

const TOKEN = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
const textOf = (stdout: string, stderr = ""): string => buildLog({ kind: "build-log", stdout: toBase64(utf8(stdout)), stderr: toBase64(utf8(stderr)) }).text;

test.each([
  ["on a line", "\n"],
  ["with no line's end behind it", " "],
])("attack: a build prints so much that the log begins in the middle of a credential, %s", (_, after) => {
  for (const shown of [8, 20, 36]) {
    const printed = `${TOKEN.slice(-shown)}${after}${"x ".repeat(TAIL_BYTES_MAX)}`.slice(0, TAIL_BYTES_MAX);
    expect(textOf(printed).slice(0, 4)).toBe(after === "\n" ? "…\nx " : "…\n x");
  }
});

test("a short log is whole, standard error last, and what looks like a credential is masked", () => {
  expect(textOf("one\r\n", "two\n")).toBe("one\ntwo");
  expect(textOf(`with ${TOKEN}\n`)).not.toContain(TOKEN.slice(6));
});
