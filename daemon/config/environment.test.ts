import { afterEach, describe, expect, test } from "bun:test";
import { inheritedSockets } from "./environment.ts";

const NAMES = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] as const;

function handed(pid: number, fds: string, names?: string): ReturnType<typeof inheritedSockets> {
  Object.assign(process.env, { LISTEN_PID: `${pid}`, LISTEN_FDS: fds, ...(names === undefined ? {} : { LISTEN_FDNAMES: names }) });
  return inheritedSockets();
}

afterEach(() => {
  for (const name of NAMES) delete process.env[name];
});

describe("sockets of the service manager", () => {
  test("each has its descriptor and its name, from 3 on", () => {
    expect(handed(process.pid, "2", "gate:admin")).toEqual([{ fd: 3, name: "gate" }, { fd: 4, name: "admin" }]);
  });

  test("without names they are unknown, as sd_listen_fds_with_names(3) says", () => {
    expect(handed(process.pid, "1")).toEqual([{ fd: 3, name: "unknown" }]);
    expect(handed(process.pid, "2", "gate:")).toEqual([{ fd: 3, name: "gate" }, { fd: 4, name: "unknown" }]);
  });

  test("what was meant for another process, or makes no sense, is none", () => {
    expect(inheritedSockets()).toEqual([]);
    expect(handed(process.pid + 1, "1")).toEqual([]);
    for (const count of ["0", "-1", "1.5", "x", ""]) expect(handed(process.pid, count)).toEqual([]);
  });
});
