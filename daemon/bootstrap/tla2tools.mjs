#!/usr/bin/env node
/** `tla2tools` on the PATH: TLC with the jar this project pins. Finds Bun, as `maestro` does, and hands everything over. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureInstalled } from "./install.mjs";
import { exitWith, runInForeground } from "./steps.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

await exitWith(async () => {
  const bun = await ensureInstalled(root, "production");
  // Bun starts in our own folder, for the reason at `runCommandLine`; TLC starts where its user stands.
  return runInForeground(bun, [join(root, "daemon", "analysis", "modelcheck", "tla2tools.ts"), ...process.argv.slice(2)], { cwd: root, env: { ...process.env, MAESTRO_CWD: process.cwd() } });
});
