/** Recorded events, one JSON document a line: read in pieces, so that a file may be larger than memory. */
import { closeSync, openSync, readSync } from "node:fs";
import { MaestroError } from "../../../proto/errors.ts";

const CHUNK_BYTES = 1024 * 1024;
const LINE_CHARACTERS_MAX = 4 * 1024 * 1024;

type Fields = Readonly<Record<string, unknown>>;
export interface RecordedEvent {
  /** From 1. */
  readonly line: number;
  readonly event: string;
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

/** `{"event": NAME, "with": {...}, "old": {...}}`, as examples and `/v1/events` have them. Throws `cli.usage` with the line that is none. */
export function* recordedEvents(path: string): Generator<RecordedEvent> {
  let line = 0;
  for (const text of linesOf(path)) {
    line += 1;
    if (text.trim() === "") continue;
    const value = parsed(text);
    if (!isFields(value)) throw new MaestroError("cli.usage", `${path}:${line} is no JSON object`);
    const { event, with: fields = {}, old } = value;
    if (typeof event !== "string" || !isFields(fields) || (old !== undefined && !isFields(old))) throw new MaestroError("cli.usage", `${path}:${line} is no event; write {"event": "model_call", "with": {...}}`);
    yield { line, event, fields, old };
  }
}
