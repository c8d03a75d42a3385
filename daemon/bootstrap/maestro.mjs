#!/usr/bin/env node
/** `maestro` on the PATH: finds Bun, installing it at first use, and hands everything over. */
import { fileURLToPath } from "node:url";
import { ensureInstalled } from "./install.mjs";
import { exitWith, runCommandLine } from "./steps.mjs";

// Node resolves the links npm makes, so this is the clone and not the folder of the link.
const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

await exitWith(async () => {
  const bun = await ensureInstalled(root, "production");
  return runCommandLine(bun, root, process.argv.slice(2), process.cwd());
});
