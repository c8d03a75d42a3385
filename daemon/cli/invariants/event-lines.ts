/** Recorded events, one JSON document a line: read in pieces, so that a file may be larger than memory. */
import { closeSync, openSync, readSync } from "node:fs";
import { MaestroError } from "../../../proto/errors.ts";
import { readRecorded, type Recorded, type RecordedTime } from "../../invariants/replay/recorded.ts";

const CHUNK_BYTES = 1024 * 1024;
const LINE_CHARACTERS_MAX = 4 * 1024 * 1024;

function* linesOf(path: string): Generator<string> {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    throw new MaestroError("cli.usage", `${path} cannot be read`, { cause: error });
  }
  const chunk = new Uint8Array(CHUNK_BYTES);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let rest = "";
  try {
    for (;;) {
      const read = readSync(file, chunk);
      rest += decoder.decode(chunk.subarray(0, read), { stream: read > 0 });
      const lines = rest.split("\n");
      rest = lines.pop() ?? "";
      yield* lines;
      if (rest.length > LINE_CHARACTERS_MAX) throw new MaestroError("cli.usage", `${path} has a line of more than ${LINE_CHARACTERS_MAX} characters`);
      if (read > 0) continue;
      if (rest !== "") yield rest;
      return;
    }
  } catch (error) {
    throw error instanceof MaestroError ? error : new MaestroError("cli.usage", `${path} is no file of UTF-8 text`, { cause: error });
  } finally {
    closeSync(file);
  }
}

/** Throws `cli.usage` with the line that is none. */
export function* recordedEvents(path: string): Generator<Recorded> {
  let line = 0;
  let last: RecordedTime | null = null;
  for (const text of linesOf(path)) {
    line += 1;
    if (text.trim() === "") continue;
    const read = readRecorded(text, line, last);
    if ("wrong" in read) throw new MaestroError("cli.usage", `${path}:${line}${read.wrong}`);
    last = read.event.time ?? last;
    yield read.event;
  }
}
