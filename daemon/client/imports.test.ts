import { expect, test } from "bun:test";
import { join } from "node:path";
import { loadedBy } from "../testing/loaded.ts";

test("asking the daemon loads no package: schemas and framework would cost more than the answer", () => {
  const { files, packages } = loadedBy(join(import.meta.dir, "maestro.ts"));
  expect([...packages]).toEqual([]);
  expect([...files].map((file) => file.slice(file.lastIndexOf("/") + 1)).sort()).toEqual(["errors.ts", "lie.ts", "lines.ts", "locations.ts", "maestro.ts", "owner.ts", "patience.ts", "problem.ts", "routes.ts", "socket.ts"]);
});

test("the scan does see packages where there are some", () => {
  expect(loadedBy(join(import.meta.dir, "../../proto/api.ts")).packages).toContain("@sinclair/typebox");
});
