import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { SyscallError } from "../platform/kernel/libc.ts";
import { scratch, type Scratch } from "../platform/socket/testing/raw.ts";
import { ServiceManager } from "./notify.ts";
import { NotifyReceiver } from "./testing/receiver.ts";

let dir: Scratch;
const never = (error: unknown): void => {
  throw error;
};
beforeEach(() => {
  dir = scratch();
});
afterEach(() => dir.remove());

describe.each(["a path", "an abstract name"])("the manager listens on %s", (kind) => {
  let receiver: NotifyReceiver;
  beforeEach(() => {
    receiver = new NotifyReceiver(kind === "a path" ? dir.path("n") : `@maestro-test-${process.pid}`);
  });
  afterEach(() => receiver.close());

  test("each state arrives as systemd wants it", () => {
    const manager = new ServiceManager(receiver.address, never);
    manager.ready("3 entries");
    manager.alive();
    manager.reloading();
    manager.stopping();
    expect(receiver.with("READY").map(({ assignments }) => assignments)).toEqual([{ READY: "1", MAINPID: `${process.pid}`, STATUS: "3 entries" }]);
    expect(receiver.with("WATCHDOG").map(({ assignments }) => assignments)).toEqual([{ WATCHDOG: "1" }]);
    expect(receiver.with("STOPPING")).toHaveLength(1);
    const [reloading] = receiver.with("RELOADING");
    // CLOCK_MONOTONIC in microseconds, which counts from the machine's start as /proc/uptime does.
    const uptime_us = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1e6;
    expect(Math.abs(Number(reloading?.assignments["MONOTONIC_USEC"]) - uptime_us)).toBeLessThan(60e6);
  });

  test("a status text cannot begin another assignment, and is cut", () => {
    new ServiceManager(receiver.address, never).status(`all well\nSTOPPING=1\r\n${"x".repeat(500)}`);
    expect(receiver.with("STOPPING")).toEqual([]);
    expect(receiver.with("STATUS")[0]?.assignments["STATUS"]).toStartWith("all well STOPPING=1 xx");
    expect(receiver.with("STATUS")[0]?.assignments["STATUS"]?.length).toBe(200);
  });
});

test("without a manager nothing is sent, and one that is gone is complained about once", () => {
  const complaints: unknown[] = [];
  new ServiceManager(null, never).ready("x");
  const manager = new ServiceManager(dir.path("nobody"), (error) => complaints.push(error));
  manager.alive();
  manager.alive();
  expect(complaints).toHaveLength(1);
  expect(complaints[0]).toBeInstanceOf(SyscallError);
});
