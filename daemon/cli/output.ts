/** The two streams of the command line: documents on stdout, everything else on stderr. */
import { MaestroError } from "../../proto/errors.ts";

// Not `process.stdout`: making it costs 10 ms, twice what a Bun that does nothing takes. Not `console.log`: it loses output in silence on a full disk.
const sink = Bun.stdout.writer();
const outstanding: Promise<unknown>[] = [];
let lost: unknown;

/** A failed write is kept for `printed`, whether it is thrown or comes later. */
function send(write: () => number | Promise<unknown>): void {
  try {
    const done = write();
    if (done instanceof Promise) outstanding.push(done.catch((error: unknown) => (lost ??= error)));
  } catch (error) {
    lost ??= error;
  }
}

export function print(text: string): void {
  send(() => sink.write(text.endsWith("\n") ? text : `${text}\n`));
  send(() => sink.flush());
}

/** Resolves once stdout has everything that was printed. Throws `cli.output`: a document cut short is none. */
export async function printed(): Promise<void> {
  await Promise.all(outstanding);
  if (lost !== undefined) throw new MaestroError("cli.output", lost instanceof Error ? lost.message : String(lost), { cause: lost });
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
