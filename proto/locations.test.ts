import { describe, expect, test } from "bun:test";
import { locationsOf } from "./locations.ts";

describe("locations", () => {
  test("XDG folders are honoured, relative ones ignored", () => {
    expect(locationsOf({ HOME: "/h", XDG_STATE_HOME: "/s" }).state_dir).toBe("/s/maestro");
    expect(locationsOf({ HOME: "/h", XDG_STATE_HOME: "s" }).state_dir).toBe("/h/.local/state/maestro");
  });

  test("the default state folder uses the runtime folder for its socket, a named one keeps it inside", () => {
    const env = { HOME: "/h", XDG_RUNTIME_DIR: "/run/user/7" };
    expect(locationsOf(env).socket_path).toBe("/run/user/7/maestro/maestrod.sock");
    expect(locationsOf(env, { state_dir: "/elsewhere" }).socket_path).toBe("/elsewhere/maestrod.sock");
  });

  test("a socket path of 108 bytes is refused with its length, counted in bytes", () => {
    const fits = `/${"a".repeat(106)}`;
    expect(locationsOf({ HOME: "/h" }, { socket_path: fits }).socket_path).toBe(fits);
    expect(() => locationsOf({ HOME: "/h" }, { socket_path: `${fits}a` })).toThrow("108 bytes");
    expect(() => locationsOf({ HOME: "/h" }, { socket_path: `/${"é".repeat(54)}` })).toThrow("109 bytes");
  });

  test("without a home nothing is guessed", () => {
    expect(() => locationsOf({})).toThrow("set HOME or XDG_STATE_HOME");
  });
});
