/** What the collector takes; what a link, a FIFO or a device does to a collector without protection is in attempts.slow.ts. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { closeSync, linkSync, mkdirSync, openSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { collect, piecesOf } from "./collect.ts";
import { O } from "../../kernel/descriptor.ts";
import { NOTHING_REMOVED } from "./protections.ts";
import { scratch, type Scratch } from "../testing/rig.ts";

let dir: Scratch;
let fd = -1;
const server = net.createServer();
beforeAll(async () => {
  dir = scratch();
  mkdirSync(join(dir.path, "out/deep"), { recursive: true });
  writeFileSync(join(dir.path, "out/deep/report"), "the report");
  writeFileSync(join(dir.path, "empty"), "");
  linkSync(join(dir.path, "out/deep/report"), join(dir.path, "second-name"));
  symlinkSync("out", join(dir.path, "link-inside"));
  symlinkSync("out/deep/report", join(dir.path, "link"));
  writeFileSync(join(dir.path, "huge"), "");
  truncateSync(join(dir.path, "huge"), 2 ** 40);
  await new Promise<void>((resolve) => server.listen(join(dir.path, "socket"), resolve));
  fd = openSync(dir.path, O.path | O.directory);
});
afterAll(() => {
  server.close();
  closeSync(fd);
  dir[Symbol.dispose]();
});

/** What would be sent, joined. */
function one(path: string, bytes_max = 100): unknown {
  const [found] = collect(fd, [{ path, bytes_max }], NOTHING_REMOVED);
  if (found?.state !== "open") return found;
  let text = "";
  for (const piece of piecesOf(found, 4)) text += Buffer.from(piece).toString("latin1");
  closeSync(found.fd);
  return text;
}

test("regular files below scratch are read to their end piece by piece, under any of their names", () => {
  for (const path of ["out/deep/report", "second-name"]) expect(one(path)).toBe("the report");
  expect(one("empty")).toBe("");
});

test("what is not there is absent", () => {
  for (const path of ["nothing", "out/nothing", "empty/below-a-file"]) expect(one(path)).toEqual({ state: "absent" });
});

test("links are refused even where they stay inside, and paths that climb are not tried", () => {
  for (const path of ["link", "link-inside/deep/report"]) expect(one(path)).toMatchObject({ state: "refused", because: expect.stringContaining("link") });
  for (const path of ["../x", "out/../empty", "/etc/passwd", "out//deep", "./empty", ""]) expect(one(path)).toMatchObject({ state: "refused", because: expect.stringContaining("not one below") });
});

test("folders, sockets, and files larger than asked for or than memory are refused without being read", () => {
  expect(one("out")).toMatchObject({ state: "refused", because: expect.stringContaining("regular") });
  expect(one("socket")).toMatchObject({ state: "refused" });
  expect(one("huge", 10)).toMatchObject({ state: "refused", because: expect.stringContaining("10 were asked for") });
  expect(one("huge", 2 ** 41)).toMatchObject({ state: "refused", because: expect.stringContaining("together") });
});
