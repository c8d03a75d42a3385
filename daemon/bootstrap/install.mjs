/** Brings Bun by npm, and everything else by Bun from its lock. Nothing to do costs a few milliseconds. */
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { thisMachine } from "./machine.mjs";
import { BUN_PACKAGES, BUN_VERSION, bunPackage } from "./release.mjs";
import { BootstrapError, INSTALL_FAILED, runQuietly, step } from "./steps.mjs";

const paths = (root) => ({
  toolchain: join(root, ".toolchain"),
  bun: join(root, ".toolchain", "bin", "bun"),
  launchers: [[join(root, ".toolchain", "bin", "maestro"), ["cli", "main.ts"]], [join(root, ".toolchain", "bin", "maestrod"), ["main.ts"]]],
  stamp: join(root, ".toolchain", "installed.json"),
  modules: join(root, "node_modules"),
});

/** What an installation depends on; another digest means that it is not this one. */
function digestOf(root) {
  const hash = createHash("sha256").update(BUN_VERSION);
  for (const file of ["package.json", "bun.lock"]) hash.update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

function readStamp(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    // No stamp, or half of one: install again.
    return {};
  }
}

/** Writes beside and renames, so that a killed install never leaves half a file. */
function replaceFile(path, text, mode) {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, text, { mode });
  renameSync(temporary, path);
}

/** Both tools name the cause in their first lines that say "error" and bury it under advice. */
function failure(what, output) {
  const lines = output.trim().split("\n");
  const errors = lines.filter((line) => /\berror\b/i.test(line)).slice(0, 5);
  return new BootstrapError(`${INSTALL_FAILED} (${what})\n  ${(errors.length > 0 ? errors : lines.slice(-5)).join("\n  ")}`);
}

function npmCommand() {
  const script = process.env.npm_execpath;
  return script?.endsWith("npm-cli.js") ? [process.execPath, script] : ["npm"];
}

/** The integrity npm verified the tarball against must be ours, not only the registry's. */
function checkIntegrity(folder, name) {
  const lock = JSON.parse(readFileSync(join(folder, "node_modules", ".package-lock.json"), "utf8"));
  const found = lock.packages[`node_modules/${name}`]?.integrity;
  if (found !== BUN_PACKAGES[name]) throw new BootstrapError(`${INSTALL_FAILED} (${name} ${BUN_VERSION} has integrity ${found}, expected ${BUN_PACKAGES[name]})`);
}

async function installBun(root) {
  const name = bunPackage(thisMachine());
  if (name === null) throw new BootstrapError(`Bun has no build for ${process.platform} on ${process.arch}; Maestro runs on Linux and macOS, x64 and arm64.`);
  const { toolchain, bun } = paths(root);
  const fresh = join(toolchain, `bun-${process.pid}`);
  const final = join(toolchain, "bun");
  mkdirSync(join(toolchain, "bin"), { recursive: true });
  mkdirSync(fresh, { recursive: true });
  try {
    writeFileSync(join(fresh, "package.json"), '{"private": true}\n');
    const [npm, ...first] = npmCommand();
    const args = [...first, "install", "--prefix", fresh, "--ignore-scripts", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"];
    // npm waits 10 s before it asks again; its other settings stay the user's.
    const patience = ["--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"];
    const { code, output } = await runQuietly(npm, [...args, ...patience, `${name}@${BUN_VERSION}`], { cwd: fresh });
    if (code !== 0) throw failure(`npm ended with ${code}`, output);
    checkIntegrity(fresh, name);
    rmSync(final, { recursive: true, force: true });
    renameSync(fresh, final);
    const binary = join(final, "node_modules", name, "bin", "bun");
    chmodSync(binary, 0o755);
    rmSync(bun, { force: true });
    symlinkSync(relative(join(toolchain, "bin"), binary), bun);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** A launcher without Node in between: tens of milliseconds less for every `maestro status`. Bun starts in our folder, for the reason at `runCommandLine`. */
function launcherText(root, program) {
  const quoted = (path) => `'${path.replaceAll("'", `'\\''`)}'`;
  return `#!/bin/sh\nMAESTRO_CWD=$PWD\nexport MAESTRO_CWD\ncd ${quoted(root)} && exec ${quoted(paths(root).bun)} ${quoted(join(root, "daemon", ...program))} "$@"\n`;
}

/** Whether the launchers are those that this version writes. */
function launchersStand(root) {
  return paths(root).launchers.every(([launcher, program]) => existsSync(launcher) && readFileSync(launcher, "utf8") === launcherText(root, program));
}

/** Where `bunx` and `npx` look for a project's programs; neither finds those of the project it stands in by itself. */
function linkShim(root) {
  const folder = join(paths(root).modules, ".bin");
  const link = join(folder, "tla2tools");
  mkdirSync(folder, { recursive: true });
  rmSync(link, { force: true });
  symlinkSync(relative(folder, join(root, "daemon", "bootstrap", "tla2tools.mjs")), link);
}

async function installDependencies(root, mode) {
  const { bun } = paths(root);
  const args = ["install", "--frozen-lockfile", "--ignore-scripts", ...(mode === "production" ? ["--production"] : [])];
  const { code, output } = await runQuietly(bun, args, { cwd: root });
  if (code !== 0) throw failure(`bun install ended with ${code}`, output);
}

/**
 * Installs what is missing and returns the path of Bun.
 * @param {string} root folder of the project
 * @param {"production" | "full"} mode a full installation also serves production
 */
export async function ensureInstalled(root, mode) {
  const { bun, stamp, modules, launchers } = paths(root);
  const digest = digestOf(root);
  const found = readStamp(stamp);
  const bunThere = found.bun === BUN_VERSION && existsSync(bun);
  const modulesThere = found.digest === digest && (found.mode === "full" || found.mode === mode) && existsSync(modules);
  if (bunThere && modulesThere && launchersStand(root)) return bun;
  if (!bunThere) {
    await step(`installing Bun ${BUN_VERSION}`, () => installBun(root));
    replaceFile(stamp, JSON.stringify({ bun: BUN_VERSION }));
  }
  if (!modulesThere) await step(`installing ${mode === "full" ? "all" : "the"} dependencies`, () => installDependencies(root, mode));
  linkShim(root);
  for (const [launcher, program] of launchers) replaceFile(launcher, launcherText(root, program), 0o755);
  replaceFile(stamp, JSON.stringify({ bun: BUN_VERSION, digest, mode: modulesThere ? found.mode : mode }));
  return bun;
}
