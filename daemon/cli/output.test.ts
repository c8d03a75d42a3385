/** What the command line does when nobody takes what it prints, and what asking for the status loads. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ERRORS, EXIT } from "../../proto/errors.ts";

const MAIN = join(import.meta.dir, "main.ts");

function shell(script: string): { code: number; stdout: string; stderr: string } {
  const { exitCode, stdout, stderr } = Bun.spawnSync(["bash", "-c", script, "bash", process.execPath, MAIN], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  return { code: exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

test("a full disk under stdout is an error, never the exit code of a document that was written", () => {
  const { code, stderr } = shell('"$1" "$2" help > /dev/full');
  expect(stderr).toContain(ERRORS["cli.output"].sentence);
  expect(stderr).toContain("ENOSPC");
  expect(code).toBe(EXIT.internal);
});

test("a reader that goes away is one too", () => {
  const { code, stderr } = shell('{ sleep 1; "$1" "$2" help; } | true; exit "${PIPESTATUS[0]}"');
  expect([code, stderr]).toEqual([EXIT.internal, expect.stringContaining("(cli.output)")]);
});

test("a slow reader gets everything, in the order it was printed", () => {
  const script = `import { print, printed } from ${JSON.stringify(join(import.meta.dir, "output.ts"))}; for (let i = 0; i < 40; i++) print(String.fromCharCode(65 + (i % 26)).repeat(50_000)); await printed();`;
  const child = Bun.spawnSync(["bash", "-c", '"$1" -e "$2" | (sleep 0.3; cat)', "bash", process.execPath, script], { stdout: "pipe", maxBuffer: 8 * 1024 * 1024 });
  const lines = child.stdout.toString().trimEnd().split("\n");
  expect(lines.map((line) => [line[0], line.length])).toEqual(Array.from({ length: 40 }, (_, i) => [String.fromCharCode(65 + (i % 26)), 50_000]));
});

test("help of a command and a wrong option need no daemon", () => {
  expect(shell('"$1" "$2" status --help')).toMatchObject({ code: EXIT.admit, stdout: expect.stringContaining("usage: maestro status") });
  expect(shell('"$1" "$2" status --jsn')).toMatchObject({ code: EXIT.usage, stdout: "", stderr: expect.stringContaining("did you mean --json?") });
});

test("`maestro status` loads what it needs and no more", () => {
  const transpiler = new Bun.Transpiler({ loader: "ts" });
  const loaded = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: string): void => {
    if (loaded.has(file)) return;
    loaded.add(file);
    for (const { path, kind } of transpiler.scanImports(readFileSync(file, "utf8"))) {
      if (kind === "dynamic-import") continue;
      if (path.startsWith(".")) visit(join(dirname(file), path));
      else packages.add(path);
    }
  };
  for (const entry of ["main.ts", "commands/status.ts"]) visit(join(import.meta.dir, entry));
  // Each file costs about 0.3 ms, node:util 2.5 ms, node:stream (through `process.stdout`) 10 ms.
  expect([...packages].sort()).toEqual(["bun:ffi"]);
  expect(loaded.size).toBeLessThanOrEqual(21);
  expect([...loaded].filter((file) => /canonical|escape|verif|pack\.ts/.test(file))).toEqual([]);
});
