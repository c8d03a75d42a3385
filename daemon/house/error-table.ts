/** The table of error codes in docs/operations.md, made from the one in proto: `bun daemon/house/error-table.ts --write`. */
import { join } from "node:path";
import { ERROR_CODES, ERRORS } from "../../proto/errors.ts";

const OPERATIONS = join(import.meta.dir, "../../docs/operations.md");
const BEGIN = "<!-- error codes: written by daemon/house/error-table.ts -->";
const END = "<!-- end of error codes -->";

export function errorTable(): string {
  const rows = ERROR_CODES.toSorted().map((code) => {
    const { status, exit, retry, sentence } = ERRORS[code];
    return `| \`${code}\` | ${exit} | ${status} | ${retry ? "yes" : "no"} | ${sentence.replaceAll("|", "\\|")} |`;
  });
  return ["| code | exit | HTTP | may a retry help? | what happened, what to do |", "| --- | --- | --- | --- | --- |", ...rows].join("\n");
}

/** The document with its table replaced; throws where the markers are gone. */
export function withErrorTable(document: string): string {
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`${OPERATIONS} has lost the markers of its error table`);
  return `${document.slice(0, begin)}${BEGIN}\n${errorTable()}\n${document.slice(end)}`;
}

export const readOperations = (): Promise<string> => Bun.file(OPERATIONS).text();

if (import.meta.main) {
  const document = await readOperations();
  const wanted = withErrorTable(document);
  if (Bun.argv.includes("--write")) await Bun.write(OPERATIONS, wanted);
  else if (document !== wanted) {
    process.stderr.write("docs/operations.md: the table of error codes is old; bun daemon/house/error-table.ts --write\n");
    process.exitCode = 1;
  }
}
