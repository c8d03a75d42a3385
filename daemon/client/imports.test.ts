import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Every file a file loads when it is imported, and every package. `import type` does not count: it is gone at run time. */
function loadedBy(entry: string): { files: Set<string>; packages: Set<string> } {
  const transpiler = new Bun.Transpiler({ loader: "ts" });
  const files = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: string): void => {
    if (files.has(file)) return;
    files.add(file);
    if (!file.endsWith(".ts")) return;
    for (const { path, kind } of transpiler.scanImports(transpiler.transformSync(readFileSync(file, "utf8")))) {
      if (kind === "dynamic-import") continue;
      if (path.startsWith(".")) visit(join(dirname(file), path));
      else if (!/^(?:node|bun):/.test(path)) packages.add(path);
    }
  };
  visit(entry);
  return { files, packages };
}

test("asking the daemon loads no package: schemas and framework would cost more than the answer", () => {
  const { files, packages } = loadedBy(join(import.meta.dir, "maestro.ts"));
  expect([...packages]).toEqual([]);
  expect([...files].map((file) => file.slice(file.lastIndexOf("/") + 1)).sort()).toEqual(["errors.ts", "lie.ts", "lines.ts", "locations.ts", "maestro.ts", "owner.ts", "patience.ts", "problem.ts", "routes.ts", "socket.ts"]);
});

test("the scan does see packages where there are some", () => {
  expect(loadedBy(join(import.meta.dir, "../../proto/api.ts")).packages).toContain("@sinclair/typebox");
});
