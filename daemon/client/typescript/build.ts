/**
 * Makes the package as npm takes it, plain ES modules with their types: `bun daemon/client/typescript/build.ts FOLDER`, then `npm pack FOLDER`.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MaestroError } from "../../../proto/errors.ts";
import { VERSION } from "../../../proto/version.ts";
import manifest from "./package.json";

const ROOT = join(import.meta.dir, "../../..");
const SOURCE = join(import.meta.dir, "src");
const OPTIONS = ["--ignoreConfig", "--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess", "--verbatimModuleSyntax", "--skipLibCheck", "--declaration", "--rewriteRelativeImportExtensions", "--module", "nodenext", "--target", "es2022", "--lib", "es2023", "--types", "bun-types"];
const GUARD = join(import.meta.dir, "guard");

function ran(name: string, args: readonly string[]): void {
  const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, ...args], { cwd: ROOT, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  if (exitCode !== 0) throw new MaestroError("install.failed", `${name} ended with ${exitCode}: ${stdout.toString()}${stderr.toString()}`);
}

const tsc = (args: readonly string[]): void => ran("tsc", [join(ROOT, "node_modules/typescript/bin/tsc"), ...OPTIONS, ...args]);

/** Guards carry the language of invariants in one file; what they say of themselves names nothing outside their folder. */
function buildGuard(folder: string): void {
  const types = mkdtempSync(join(folder, ".types-"));
  try {
    ran("bun build", ["build", "--target=node", "--format=esm", `--outfile=${join(folder, "dist/guard/index.js")}`, join(GUARD, "index.ts")]);
    tsc(["--emitDeclarationOnly", "--lib", "es2024", "--rootDir", ROOT, "--outDir", types, join(GUARD, "index.ts")]);
    for (const name of ["index.d.ts", "types.d.ts"]) cpSync(join(types, "daemon/client/typescript/guard", name), join(folder, "dist/guard", name));
  } finally {
    rmSync(types, { recursive: true, force: true });
  }
}

/** Throws `install.failed` where the compiler is missing or refuses. */
export function buildPackage(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const files = readdirSync(SOURCE, { recursive: true }).map(String).filter((name) => name.endsWith(".ts"));
  tsc(["--rootDir", SOURCE, "--outDir", join(folder, "dist"), ...files.map((name) => join(SOURCE, name))]);
  buildGuard(folder);
  for (const name of readdirSync(join(folder, "dist"), { recursive: true }).map(String).filter((file) => file.endsWith(".d.ts"))) {
    const path = join(folder, "dist", name);
    // The compiler rewrites imports of code alone; a program that reads the types looks for what is there.
    writeFileSync(path, readFileSync(path, "utf8").replace(/(from ")(\.[^"]+)\.ts"/g, '$1$2.js"'));
  }
  writeFileSync(join(folder, "package.json"), `${JSON.stringify({ ...manifest, version: VERSION }, null, 2)}\n`);
  cpSync(join(import.meta.dir, "README.md"), join(folder, "README.md"));
  cpSync(join(ROOT, "LICENSE"), join(folder, "LICENSE"));
}

if (import.meta.main) buildPackage(process.argv[2] ?? "maestro-client");
