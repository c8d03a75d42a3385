import { expect, test } from "bun:test";
import { parseStrace, splitArgs, unhexText } from "./strace-lines.ts";

const hex = (text: string): string => [...Buffer.from(text)].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");

test("a call that another thread interrupts is one call, from its beginning to its end", () => {
  const calls = parseStrace(
    [`7 pwrite64(5<${hex("/s/a")}>, "${hex("one")}", 3, 0 <unfinished ...>`, `8 fsync(6<${hex("/s/b")}>) = 0`, "7 <... pwrite64 resumed>) = 3", ""].join("\n"),
  );
  expect(calls.map(({ tid, name, began, ended, result }) => ({ tid, name, began, ended, result }))).toEqual([
    { tid: 7, name: "pwrite64", began: 1, ended: 3, result: 3 },
    { tid: 8, name: "fsync", began: 2, ended: 2, result: 0 },
  ]);
  expect([calls[0]?.args.length, unhexText(/"(.*)"/.exec(calls[0]?.args[1] ?? "")?.[1] ?? ""), calls[0]?.args.slice(2)]).toEqual([4, "one", ["3", "0"]]);
});

test("a call that the process did not survive may have happened", () => {
  const [call] = parseStrace(`7 rename("${hex("/s/a")}", "${hex("/s/b")}" <unfinished ...>\n7 +++ killed by SIGKILL +++\n`);
  expect({ name: call?.name, ended: call?.ended, result: call?.result }).toEqual({ name: "rename", ended: Infinity, result: 0 });
});

test("errors and returned descriptors are told apart", () => {
  const lines = [`3 openat(AT_FDCWD, "${hex("/s/a")}", O_RDONLY) = 9<${hex("/s/a")}>`, `3 mkdir("${hex("/s")}", 0700) = -1 EEXIST (File exists)`, `3 fsync(9<${hex("/s/a")}>) = -1 EIO (Input/output error) (INJECTED)`];
  const calls = parseStrace(lines.join("\n"));
  expect(calls.map(({ result, result_path }) => [result, result_path])).toEqual([[9, "/s/a"], [-1, null], [-1, null]]);
});

test("arguments are split outside quotes and brackets only", () => {
  expect(splitArgs(`5</a>, [{iov_base="\\x2c", iov_len=1}, {iov_base="", iov_len=0}], 2`)).toEqual(["5</a>", `[{iov_base="\\x2c", iov_len=1}, {iov_base="", iov_len=0}]`, "2"]);
  expect(splitArgs("")).toEqual([]);
});
