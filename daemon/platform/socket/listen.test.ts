import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdtempSync, readdirSync, renameSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import net from "node:net";
import { basename, join } from "node:path";
import { skipWithout } from "../../testing/skip.ts";
import { listen } from "./listen.ts";
import { checkSocketPath } from "../../../proto/locations.ts";
import { descriptorOf } from "./peer.ts";
import { connect, scratch, type Scratch, untilClosed } from "./testing/raw.ts";

const LISTENER = join(import.meta.dir, "testing/listener.ts");
const ignore = (): void => undefined;
let dir: Scratch;
beforeEach(() => {
  dir = scratch();
});
afterEach(() => dir.remove());

async function listener(args: string[], fd3: number | "ignore" = "ignore") {
  const child = Bun.spawn([process.execPath, LISTENER, ...args], { stdio: ["ignore", "pipe", "inherit", fd3] });
  const { value } = await child.stdout.getReader().read();
  expect(new TextDecoder().decode(value)).toBe("listening\n");
  return child;
}

test("107 bytes of path bind, 108 are refused before the kernel sees them", async () => {
  const folder = mkdtempSync(dir.path("p"));
  const path = join(folder, "s".repeat(107 - folder.length - 1));
  const listening = await listen({ path }, ignore);
  expect(readdirSync(folder)).toEqual([basename(path)]);
  listening.close();
  expect(() => checkSocketPath(`${path}s`)).toThrow(expect.objectContaining({ code: "socket.path_too_long" }));
  expect(() => checkSocketPath(join(folder, "é".repeat(60)))).toThrow(expect.objectContaining({ code: "socket.path_too_long" }));
});

test("an abstract or relative name is refused", () => {
  for (const path of ["\0maestro", "run/maestro.sock", ""]) {
    expect(() => checkSocketPath(path)).toThrow(expect.objectContaining({ code: "cli.usage" }));
  }
});

test("the socket is the owner's alone although the umask would open it, and the umask is put back", async () => {
  const before = process.umask(0);
  const listening = await listen({ path: dir.path("s") }, ignore);
  expect(statSync(dir.path("s")).mode & 0o777).toBe(0o600);
  expect(process.umask(before)).toBe(0);
  listening.close();
});

test("a killed daemon's socket is replaced", async () => {
  const child = await listener([dir.path("s")]);
  child.kill("SIGKILL");
  await child.exited;
  expect(existsSync(dir.path("s"))).toBe(true);
  const listening = await listen({ path: dir.path("s") }, (socket) => socket.end("alive"));
  expect((await untilClosed(await connect(dir.path("s")))).text).toBe("alive");
  listening.close();
  expect(existsSync(dir.path("s"))).toBe(false);
});

test("a socket somebody answers on is left alone", async () => {
  const first = await listen({ path: dir.path("s") }, (socket) => socket.end("first"));
  await expect(listen({ path: dir.path("s") }, ignore)).rejects.toMatchObject({ code: "socket.occupied" });
  expect((await untilClosed(await connect(dir.path("s")))).text).toBe("first");
  first.close();
});

test("a file at the path is never removed", async () => {
  writeFileSync(dir.path("s"), "precious");
  await expect(listen({ path: dir.path("s") }, ignore)).rejects.toMatchObject({ code: "socket.occupied" });
  expect(readdirSync(dir.folder)).toEqual(["s"]);
});

test("closing does not remove what another process put at the path", async () => {
  const listening = await listen({ path: dir.path("s") }, ignore);
  unlinkSync(dir.path("s"));
  const other = net.createServer().listen(dir.path("s"));
  listening.close();
  expect(existsSync(dir.path("s"))).toBe(true);
  other.close();
});

describe("service manager's socket", () => {
  test("descriptor 3 is served when LISTEN_PID is ours, and its file stays", async () => {
    const held = net.createServer().listen(dir.path("bound"));
    renameSync(dir.path("bound"), dir.path("s"));
    const child = await listener([dir.path("unused"), "600", "own"], descriptorOf(held) ?? -1);
    // The service manager does not accept; this process must not either. The child keeps the socket open.
    held.close();
    const { text } = await untilClosed(await connect(dir.path("s")));
    expect(JSON.parse(text)).toMatchObject({ pid: process.pid });
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
    expect(readdirSync(dir.folder)).toEqual(["s"]);
  });

  test("LISTEN_PID of another process is ignored", async () => {
    const child = await listener([dir.path("s"), "600", "1"]);
    expect(JSON.parse((await untilClosed(await connect(dir.path("s")))).text)).toMatchObject({ pid: process.pid });
    child.kill("SIGTERM");
    await child.exited;
    expect(existsSync(dir.path("s"))).toBe(false);
  });

  test("descriptor 3 that is not a listening Unix socket is refused", async () => {
    const child = Bun.spawn([process.execPath, LISTENER, dir.path("s"), "600", "own"], { stdio: ["ignore", "ignore", "pipe", "ignore"] });
    expect(await new Response(child.stderr).text()).toContain("getsockopt");
    expect(await child.exited).not.toBe(0);
  });
});

const asNobody = process.getuid?.() === 0 && Bun.which("setpriv") !== null && Bun.which("curl") !== null;
test.skipIf(skipWithout(asNobody, "peer of another user: needs root, setpriv and curl"))("another user's uid, gid and groups are the kernel's word", async () => {
  chmodSync(dir.folder, 0o755);
  const groups = Array.from({ length: 100 }, (_, i) => 5_000 + i);
  const child = await listener([dir.path("s"), "666"]);
  const curl = Bun.spawn(["setpriv", "--reuid=65534", "--regid=65533", `--groups=${groups.join(",")}`, "curl", "-s", "--http0.9", "--unix-socket", dir.path("s"), "http://d/"], { stdio: ["ignore", "pipe", "ignore"] });
  const peer: unknown = JSON.parse(await new Response(curl.stdout).text());
  expect(peer).toEqual({ pid: curl.pid, uid: 65_534, gid: 65_533, groups });
  const refused = Bun.spawn(["setpriv", "--reuid=65534", "--clear-groups", "curl", "-s", "--unix-socket", dir.path("t"), "http://d/"], { stdio: ["ignore", "ignore", "ignore"] });
  const own = await listen({ path: dir.path("t") }, (socket) => socket.end());
  expect(await refused.exited).toBe(7);
  own.close();
  child.kill("SIGKILL");
});
