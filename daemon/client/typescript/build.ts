/**
 * Makes the package as npm takes it, plain ES modules with their types: `bun daemon/client/typescript/build.ts FOLDER`, then `npm pack FOLDER`.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MaestroError } from "../../../proto/errors.ts";
import { VERSION } from "../../../proto/version.ts";
import manifest from "./package.json";

const ROOT = join(import.meta.dir, "../../..");
const SOURCE = join(import.meta.dir, "src");
const OPTIONS = ["--ignoreConfig", "--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess", "--verbatimModuleSyntax", "--skipLibCheck", "--declaration", "--rewriteRelativeImportExtensions", "--module", "nodenext", "--target", "es2022", "--lib", "es2023", "--types", "bun-types"];
const README = "# maestro-client\n\nClient of the Maestro daemon over its Unix socket. No dependencies. See docs/clients.md of Maestro.\n";

/** Throws `install.failed` where the compiler is missing or refuses. */
export function buildPackage(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const files = readdirSync(SOURCE, { recursive: true }).map(String).filter((name) => name.endsWith(".ts"));
  const command = [process.execPath, join(ROOT, "node_modules/typescript/bin/tsc"), ...OPTIONS, "--rootDir", SOURCE, "--outDir", join(folder, "dist"), ...files.map((name) => join(SOURCE, name))];
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, { cwd: ROOT, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  if (exitCode !== 0) throw new MaestroError("install.failed", `tsc ended with ${exitCode}: ${stdout.toString()}${stderr.toString()}`);
  for (const name of readdirSync(join(folder, "dist"), { recursive: true }).map(String).filter((file) => file.endsWith(".d.ts"))) {
    const path = join(folder, "dist", name);
    // The compiler rewrites imports of code alone; a program that reads the types looks for what is there.
    writeFileSync(path, readFileSync(path, "utf8").replace(/(from ")(\.[^"]+)\.ts"/g, '$1$2.js"'));
  }
  writeFileSync(join(folder, "package.json"), `${JSON.stringify({ ...manifest, version: VERSION }, null, 2)}\n`);
  writeFileSync(join(folder, "README.md"), README);
  cpSync(join(ROOT, "LICENSE"), join(folder, "LICENSE"));
}

if (import.meta.main) buildPackage(process.argv[2] ?? "maestro-client");
