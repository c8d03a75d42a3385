import { expect, test } from "bun:test";
import { treeOf } from "./disk-model.ts";
import { TraceReader } from "./recording.ts";
import { parseStrace } from "./strace-lines.ts";

const hex = (text: string): string => [...Buffer.from(text)].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
const files = (lines: readonly string[]): Record<string, string | null> => {
  const { root, ops } = new TraceReader("/s", () => []).read(parseStrace(`${lines.join("\n")}\n`));
  return Object.fromEntries([...treeOf(root, ops, () => "all")].map(([path, bytes]) => [path, bytes === null ? null : Buffer.from(bytes).toString()]));
};

test("a descriptor that another thread opens anew is the old file's until that call ends", () => {
  const opened = `O_WRONLY|O_CREAT|O_CLOEXEC, 0644) = 11<${hex("/s/a")}>`;
  const lines = [
    `7 openat(AT_FDCWD</>, "${hex("/s/a")}", ${opened}`,
    // Begun before the last write to the file, whose close nobody records, and given its number after it.
    `8 openat(AT_FDCWD</>, "${hex("/s/b")}", O_WRONLY|O_CREAT|O_CLOEXEC, 0644 <unfinished ...>`,
    `7 write(11<${hex("/s/a")}>, "${hex("first")}", 5) = 5`,
    `8 <... openat resumed>) = 11<${hex("/s/b")}>`,
    `8 write(11<${hex("/s/b")}>, "${hex("second")}", 6) = 6`,
  ];
  expect(files(lines)).toEqual({ a: "first", b: "second" });
});
