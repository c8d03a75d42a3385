/** A disk that gives other bytes back than were written. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** One bit of the last byte, wherever these bytes (latin1) stand in the database; nobody has it open. How often they stood there. */
export function flipped(state_dir: string, text: string): number {
  const written = Buffer.from(text, "latin1");
  const file = join(state_dir, "db/data.mdb");
  const bytes = readFileSync(file);
  let found = 0;
  for (let at = bytes.indexOf(written); at >= 0; at = bytes.indexOf(written, at + 1), found += 1) bytes[at + written.length - 1]! ^= 1;
  writeFileSync(file, bytes);
  return found;
}
