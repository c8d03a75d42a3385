/** The two streams of the command line: documents on stdout, everything else on stderr. */
import { EXIT, MaestroError } from "../../proto/errors.ts";
import { canonicalText } from "../../proto/canonical.ts";
import { escapeJson } from "./card/escape/json.ts";
import { escapeTerminal } from "./card/escape/terminal.ts";

export function print(text: string): void {
  process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
}

export function printJson(value: unknown): void {
  print(escapeJson(canonicalText(value)));
}

export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Colour where a person looks (no-color.org, CLICOLOR_FORCE), never in a pipe. */
export function wantsColour(): boolean {
  if ((process.env["NO_COLOR"] ?? "") !== "") return false;
  if ((process.env["CLICOLOR_FORCE"] ?? "0") !== "0") return true;
  return process.stdout.isTTY === true && process.env["TERM"] !== "dumb";
}

/** UTF-8 marks, or ASCII where the locale does not promise them. */
export function wantsAscii(): boolean {
  const locale = process.env["LC_ALL"] || process.env["LC_CTYPE"] || process.env["LANG"] || "";
  return !/utf-?8/i.test(locale);
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
