/**
 * Entry of `maestro hook` without options in a package, where an agent waits for it before every call. It holds nothing of the other commands:
 * loading them all takes longer than the answer.
 */
import { run } from "./commands/hook.ts";
import { goToUser } from "./stand.ts";

/** Blocks in every agent that reads exit codes, and stops git: a hook that did not come to an answer has allowed nothing. */
const BLOCK = 2;

async function main(): Promise<void> {
  try {
    goToUser();
    process.exitCode = await run({ values: {}, positionals: Bun.argv.slice(3) });
  } catch (error) {
    const { printProblem } = await import("./document.ts");
    printProblem(error, false);
    process.exitCode = BLOCK;
  }
}

// No await at the top level: Bun keeps bytecode only for a program without one.
void main();
