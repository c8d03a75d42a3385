/** A test without an assertion fails: it could not have failed otherwise. */
import { beforeEach, expect } from "bun:test";

beforeEach(() => {
  expect.hasAssertions();
});
