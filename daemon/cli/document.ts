/** JSON documents and failures: apart from `output.ts`, so that `maestro status` does not load canonical JSON and the escapers. */
import { canonicalNumbers } from "../../proto/canonical.ts";
import { EXIT, MaestroError } from "../../proto/errors.ts";
import { escapeJson } from "./card/escape/json.ts";
import { escapeTerminal } from "./card/escape/terminal.ts";
import { note, print } from "./output.ts";

export function printJson(value: unknown): void {
  print(escapeJson(canonicalNumbers(value)));
}

/**
 * Prints a failure and returns the exit code it stands for. An error without a
 * code is a bug of ours; its stack goes to stderr because nobody else has it.
 */
export function printProblem(error: unknown, json: boolean): number {
  if (!(error instanceof MaestroError)) {
    note(`maestro: internal error: ${error instanceof Error ? escapeTerminal(error.stack ?? error.message) : "unknown"}`);
    if (json) printJson({ code: "internal.bug", detail: "see stderr", retry: false });
    return EXIT.internal;
  }
  const { sentence, exit, retry } = error.row;
  note(`maestro: ${sentence}`);
  note(`         ${escapeTerminal(error.detail)}`);
  note(`         (${error.code}${retry ? ", trying again may help" : ""})`);
  if (json) printJson({ code: error.code, detail: error.detail, retry, sentence });
  return exit;
}
