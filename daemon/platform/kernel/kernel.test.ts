import { afterEach, expect, test } from "bun:test";
import { closeSync, openSync, readlinkSync } from "node:fs";
import net from "node:net";
import { closeOnExec, isCloseOnExec } from "./descriptor.ts";
import { peerCredentials, peerGroups, peerPidfd, SO, socketOption } from "./socket.ts";
import { SyscallError } from "./libc.ts";
import { descriptorOf } from "../socket/peer.ts";
import { connect, scratch, type Scratch } from "../socket/testing/raw.ts";

let dir: Scratch | null = null;
let server: net.Server | null = null;
afterEach(() => {
  server?.close();
  dir?.remove();
});

async function acceptedFd(): Promise<number> {
  dir = scratch();
  const path = dir.path("s");
  const accepted = Promise.withResolvers<net.Socket>();
  server = net.createServer((socket) => accepted.resolve(socket)).listen(path);
  await connect(path);
  const fd = descriptorOf(await accepted.promise);
  if (fd === null) throw new Error("no descriptor");
  return fd;
}

test("the kernel names the peer of a Unix connection", async () => {
  const fd = await acceptedFd();
  expect(peerCredentials(fd)).toEqual({ pid: process.pid, uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 });
  expect(peerGroups(fd).toSorted()).toEqual((process.getgroups?.() ?? []).filter((g) => peerGroups(fd).includes(g)).toSorted());
});

test("a pidfd of the peer refers to a process, where the kernel gives one", async () => {
  const pidfd = peerPidfd(await acceptedFd());
  if (pidfd === null) return expect(pidfd).toBeNull();
  expect(readlinkSync(`/proc/self/fd/${pidfd}`)).toBe("anon_inode:[pidfd]");
  closeSync(pidfd);
});

test("a descriptor that is no socket is an error, never an answer", () => {
  const fd = openSync("/dev/null", "r");
  expect(() => socketOption(fd, SO.domain)).toThrow(SyscallError);
  expect(() => peerCredentials(fd)).toThrow(SyscallError);
  expect(() => peerGroups(fd)).toThrow(SyscallError);
  closeSync(fd);
  expect(() => peerCredentials(fd)).toThrow(SyscallError);
});

test("a TCP connection has no peer credentials to give", async () => {
  const accepted = Promise.withResolvers<net.Socket>();
  server = net.createServer((socket) => accepted.resolve(socket)).listen(0, "127.0.0.1");
  await new Promise((resolve) => server?.once("listening", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const client = net.connect(address.port, "127.0.0.1");
  const fd = descriptorOf(await accepted.promise);
  expect(() => peerCredentials(fd ?? -1)).toThrow(SyscallError);
  client.destroy();
});

test("close-on-exec is set and read back", () => {
  const fd = openSync("/dev/null", "r");
  closeOnExec(fd);
  expect(isCloseOnExec(fd)).toBe(true);
  closeSync(fd);
  expect(() => isCloseOnExec(fd)).toThrow(SyscallError);
});
