import { afterAll, expect, test } from "bun:test";
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isFolder, isSocket, lyingAt, lyingAtOrNull } from "./lie.ts";

const dir = mkdtempSync(join(tmpdir(), "maestro-lie-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test("says of everything what lstat says, a link being a link", async () => {
  const at = (name: string) => join(dir, name);
  writeFileSync(at("file"), "x");
  chmodSync(at("file"), 0o4751);
  mkdirSync(at("folder ü"));
  const server = createServer();
  await new Promise<void>((listening) => server.listen(at("socket"), listening));
  symlinkSync(at("socket"), at("link"));
  for (const path of [at("file"), at("folder ü"), at("socket"), at("link"), "/", "/tmp", "/dev/null"]) {
    const { uid, mode } = lstatSync(path);
    expect({ path, ...lyingAt(path) }).toMatchObject({ path, uid, mode });
  }
  expect([at("socket"), at("link"), dir].map((path) => [isSocket(lyingAt(path)), isFolder(lyingAt(path))])).toEqual([[true, false], [false, false], [false, true]]);
  server.close();
});

test("what is not there is refused in the words of lstat, and a path with a NUL is not cut short", () => {
  expect(() => lyingAt(join(dir, "none"))).toThrow(expect.objectContaining({ code: "ENOENT" }));
  expect(() => lyingAt(`${dir}\0/x`)).toThrow();
  expect(lyingAtOrNull(join(dir, "none"))).toBeNull();
});

test("this machine's statx was asked: node:fs is not what answers for glibc", () => {
  const script = `import { lyingAt } from ${JSON.stringify(join(import.meta.dir, "lie.ts"))}; process.getBuiltinModule = () => { throw new Error("node:fs"); }; Bun.stdout.write(String(lyingAt("/").uid));`;
  const ran = Bun.spawnSync([process.execPath, "-e", script]);
  const glibc = process.platform === "linux" && !process.execPath.includes("musl");
  expect(glibc ? ran.stdout.toString() : "0").toBe("0");
});
