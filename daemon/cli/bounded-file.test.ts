import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readNamed } from "./bounded-file.ts";
import { readBundleFile, readTrustFile } from "./verification.ts";

const dir = mkdtempSync(join(tmpdir(), "maestro-bounded-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const path = join(dir, "file");

test("a file up to the limit is read whole, one byte more is not read", () => {
  for (const size of [0, 1, 3 << 20]) {
    const content = new Uint8Array(size).fill(7);
    writeFileSync(path, content);
    expect(readNamed(path, size)).toEqual(content);
    if (size > 0) expect(() => readNamed(path, size - 1)).toThrow(expect.objectContaining({ code: "cli.usage", detail: `${path} has more than ${size - 1} bytes` }));
  }
});

test("attack: a device without an end, and a file of gigabytes, as bundle, trust file or key: refused by their limit, and not kept in memory", () => {
  writeFileSync(path, "");
  truncateSync(path, 5 * 2 ** 30);
  const before = process.memoryUsage.rss();
  for (const one of ["/dev/zero", path]) {
    for (const read of [readBundleFile, readTrustFile, (name: string) => readNamed(name, 1024)]) expect(() => read(one)).toThrow(expect.objectContaining({ detail: expect.stringMatching(/ has more than \d+ bytes$/) }));
  }
  expect(process.memoryUsage.rss() - before).toBeLessThan(1 << 30);
});

test("a folder and a file that is not there cannot be read", () => {
  for (const one of [dir, join(dir, "absent")]) expect(() => readBundleFile(one)).toThrow(expect.objectContaining({ code: "cli.usage", detail: `${one} cannot be read` }));
});
