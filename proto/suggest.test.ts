import { expect, test } from "bun:test";
import { nearest } from "./suggest.ts";

const COMMANDS = ["gate", "replay", "verify", "card", "status", "stop"];

test("a slip of the finger finds its word, another word does not", () => {
  expect(nearest("gat", COMMANDS)).toBe("gate");
  expect(nearest("verfiy", COMMANDS)).toBe("verify");
  expect(nearest("statsu", COMMANDS)).toBe("status");
  expect(nearest("conections_max", ["connections_max", "header_bytes_max"])).toBe("connections_max");
  expect(nearest("publish", COMMANDS)).toBeNull();
  expect(nearest("x", COMMANDS)).toBeNull();
  expect(nearest("anything", [])).toBeNull();
});
