/**
 * Every check, in card order. This list is the only registration; importing it
 * gives names and documentation, while parsers and scanners load inside
 * `run`, in the check process.
 */
import ci from "./ci.ts";
import dependencies from "./dependencies.ts";
import guards from "./guards.ts";
import invariants from "./invariants.ts";
import learning from "./learning.ts";
import modelcheck from "./modelcheck.ts";
import paths from "./paths.ts";
import secrets from "./secrets.ts";
import size from "./size.ts";
import tests from "./tests.ts";
import text from "./text.ts";
import waivers from "./waivers.ts";
import type { Check } from "./check.ts";

export const CHECKS = [secrets, text, paths, dependencies, ci, guards, waivers, tests, invariants, modelcheck, learning, size] as const satisfies readonly Check[];
export type CheckId = (typeof CHECKS)[number]["id"];

const PATTERNS = [...new Set(CHECKS.flatMap((check: Check) => check.contents))];
const GLOBS = PATTERNS.filter((pattern) => !pattern.startsWith("mode:")).map((pattern) => new Bun.Glob(pattern));
const MODES = new Set(PATTERNS.filter((pattern) => pattern.startsWith("mode:")).map((pattern) => pattern.slice("mode:".length)));

/** Whether some check reads a changed file whole: both sides of it then belong into `facts.contents`. */
export function wantsContent(path: string, mode: string): boolean {
  return MODES.has(mode) || GLOBS.some((glob) => glob.match(path));
}

export function checkOf(id: string): Check | null {
  return CHECKS.find((check) => check.id === id) ?? null;
}
