import { readFileSync, statSync } from "node:fs";
import { MaestroError } from "../../../../proto/errors.ts";

/** GitHub itself cuts event payloads at 25 MB. */
const EVENT_BYTES_MAX = 32 * 1024 * 1024;

/** The event file of a GitHub Actions job. Throws `cli.usage`. */
export function readEvent(path: string): unknown {
  try {
    if (statSync(path).size > EVENT_BYTES_MAX) throw new RangeError(`more than ${EVENT_BYTES_MAX} bytes`);
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new MaestroError("cli.usage", `the CI event file ${JSON.stringify(path)} cannot be read; name the change with --target and --head`, { cause });
  }
}
