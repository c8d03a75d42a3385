import { readFileSync } from "node:fs";
import { toBase64 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { HandedReport } from "../../proto/report.ts";

const GIVEN = /^([a-z][a-z0-9-]{0,31})=(.+)$/s;

/** `NAME=FILE` each. Throws `cli.usage` for another form and for a file that cannot be read: a report that was meant to be handed in is never left out in silence. */
export function readReports(given: readonly string[]): HandedReport[] {
  return given.map((text) => {
    const [, name, file] = GIVEN.exec(text) ?? [];
    if (name === undefined || file === undefined) throw new MaestroError("cli.usage", `--report takes NAME=FILE, NAME in lower-case letters, digits and dashes; not ${JSON.stringify(text)}`);
    try {
      return { name, bytes: toBase64(new Uint8Array(readFileSync(file))) };
    } catch (cause) {
      throw new MaestroError("cli.usage", `report ${name}: ${file} cannot be read`, { cause });
    }
  });
}
