import { expect, test } from "bun:test";
import { ERROR_CODES, ERRORS, EXIT, MaestroError, VERIFY_EXIT } from "./errors.ts";

test("every row is an HTTP failure, a non-zero exit, and a sentence that ends", () => {
  const exits = new Set<number>([...Object.values(EXIT), ...Object.values(VERIFY_EXIT)]);
  for (const code of ERROR_CODES) {
    const { status, exit, sentence } = ERRORS[code];
    expect(code).toMatch(/^[a-z]+\.[a-z_]+$/);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
    expect(exit).not.toBe(EXIT.admit);
    expect(exits.has(exit)).toBe(true);
    expect(sentence).toMatch(/^(?:[A-Z]|git ).+\.$/);
  }
});

test("an error carries its row, its detail and its cause", () => {
  const cause = new Error("disk");
  const error = new MaestroError("store.no_space", "/var", { cause });
  expect(error.row).toBe(ERRORS["store.no_space"]);
  expect([error.code, error.detail, error.cause, error.name]).toEqual(["store.no_space", "/var", cause, "MaestroError"]);
  expect(error.message).toEndWith("(/var)");
});
