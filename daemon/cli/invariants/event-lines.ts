/** Recorded events, one JSON document a line: read in pieces, so that a file may be larger than memory. */
import { closeSync, openSync, readSync } from "node:fs";
import { MaestroError } from "../../../proto/errors.ts";
import { recordedTime, type RecordedTime } from "./timeline.ts";

const CHUNK_BYTES = 1024 * 1024;
const LINE_CHARACTERS_MAX = 4 * 1024 * 1024;

type Fields = Readonly<Record<string, unknown>>;
export interface Recorded {
  /** From 1. */
  readonly line: number;
  /** `null`: a moment at which nothing happened, as the last one of an example. */
  readonly event: string | null;
  /** `null`: it says no time. */
  readonly time: RecordedTime | null;
  readonly fields: Fields;
  /** What was before the action. */
  readonly old: Fields | undefined;
}

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

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

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Throws `cli.usage` for what is no time. */
function timeOf(at: unknown, where: string, before: RecordedTime | null): RecordedTime | null {
  if (at === undefined) return null;
  const time = recordedTime(at);
  if (time === null) throw new MaestroError("cli.usage", `${where}: at is no time; write "2026-11-22T08:30:00Z", milliseconds since 1970, or the time since the beginning such as "90s"`);
  if (before !== null && before.relative !== time.relative) throw new MaestroError("cli.usage", `${where}: a date and a time since the beginning do not mix; write one of the two throughout`);
  return time;
}

/** `{"event": NAME, "at": TIME, "with": {...}, "old": {...}}`, as examples and `/v1/events` have them. Throws `cli.usage` with the line that is none. */
export function* recordedEvents(path: string): Generator<Recorded> {
  let line = 0;
  let last: RecordedTime | null = null;
  for (const text of linesOf(path)) {
    line += 1;
    if (text.trim() === "") continue;
    const value = parsed(text);
    if (!isFields(value)) throw new MaestroError("cli.usage", `${path}:${line} is no JSON object`);
    const { at, with: fields = {}, old } = value;
    const event = value["event"] ?? (at === undefined || "with" in value ? undefined : null);
    if ((typeof event !== "string" && event !== null) || !isFields(fields) || (old !== undefined && !isFields(old))) throw new MaestroError("cli.usage", `${path}:${line} is no event; write {"event": "model_call", "with": {...}}`);
    const time = timeOf(at, `${path}:${line}`, last);
    last = time ?? last;
    yield { line, event, time, fields, old };
  }
}
