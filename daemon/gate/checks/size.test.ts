import { expect, test } from "bun:test";
import { adding, outcomeOf } from "../../testing/checks.ts";
import size from "./size.ts";

const lines = (count: number) => "a;\n".repeat(count);

test("counts added and removed lines of source, up to the limit", async () => {
  expect((await outcomeOf(size, adding("a.ts", lines(800)))).result).toBe("pass");
  expect((await outcomeOf(size, adding("a.ts", lines(801)))).findings[0]?.message).toBe("801 changed source lines in 1 file; the limit is 800");
  expect((await outcomeOf(size, [{ path: "a.ts", old: lines(500), new: null }, { path: "b.ts", old: null, new: lines(500) }])).result).toBe("fail");
});

test("a pure rename is no line, whatever its size", async () => {
  expect((await outcomeOf(size, [{ path: "b.ts", old_path: "a.ts", old: lines(5000), new: lines(5000) }])).result).toBe("pass");
});

test.each(["package-lock.json", "go.sum", "dist/a.js", "vendor/x/a.go", "src/a.min.js", "api/a.pb.go", "locales/de.ts", "test/a.ts", "src/a.test.ts", "docs/a.js", "README.md", "data.json", "src/__snapshots__/a.ts"])("%s is not source", async (path) => {
  expect((await outcomeOf(size, adding(path, lines(5000)))).result).toBe("not_applicable");
});

test("source that was cut is a gap", async () => {
  const outcome = await outcomeOf(size, [{ path: "a.ts", old: null, new: lines(10), truncated: true }]);
  expect(outcome.gaps.map((gap) => gap.what)).toEqual(["a.ts"]);
});
