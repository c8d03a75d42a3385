/** What a program loads when it starts. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Every file a file loads when it is imported, and every package. `import type` does not count: it is gone at run time. */
export function loadedBy(entry: string): { files: Set<string>; packages: Set<string> } {
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
