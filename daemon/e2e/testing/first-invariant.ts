/** docs/first-invariant.md as data: what somebody who follows it writes and types, in its order. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Step, stepsOf } from "./page-steps.ts";

export const PAGE = readFileSync(join(import.meta.dir, "../../../docs/first-invariant.md"), "utf8");

export const STEPS: readonly Step[] = stepsOf(PAGE);

export const FILES: ReadonlyMap<string, string> = new Map(STEPS.flatMap((step) => ("path" in step ? [[step.path, step.text] as const] : [])));
