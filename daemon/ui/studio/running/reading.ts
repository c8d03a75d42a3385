/** A recording, line by line: events as `maestro invariants check --events` reads them, or rows of `maestro cards` as lines. A line that is neither is said by its number, and the others count. */
import { Value } from "@sinclair/typebox/value";
import { CardRow } from "../../../../proto/cards.ts";
import { recordedOf, type Recorded, type RecordedTime } from "../../../invariants/replay/recorded.ts";
import { STUDIO_LIMITS } from "../limits.ts";
import { eventOfRow } from "./rows.ts";
import { grouped } from "./words.ts";

export interface Recording {
  readonly events: Recorded[];
  /** Of what row the event of a line was made. */
  readonly rows: Map<number, CardRow>;
  wrong: number;
  readonly wrong_lines: { readonly line: number; readonly said: string }[];
  left_out: number | null;
}

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);
const looksLikeRow = (value: Fields): boolean => "gate_id" in value && "verdict" in value && !("event" in value);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

class Reader {
  readonly recording: Recording = { events: [], rows: new Map(), wrong: 0, wrong_lines: [], left_out: 0 };
  private line = 0;
  private last: RecordedTime | null = null;

  private fault(said: string): void {
    this.recording.wrong += 1;
    if (this.recording.wrong_lines.length < STUDIO_LIMITS.wrong_lines_max) this.recording.wrong_lines.push({ line: this.line, said });
  }

  get full(): boolean {
    return this.recording.events.length >= STUDIO_LIMITS.events_max;
  }

  take(text: string): void {
    this.line += 1;
    if (text.trim() === "") return;
    const value = parsed(text);
    if (!isFields(value)) return this.fault(value === undefined ? "this is no JSON, or half of it" : "this is no JSON object");
    if (looksLikeRow(value)) return this.row(value);
    const read = recordedOf(value, this.line, this.last);
    if ("wrong" in read) return this.fault(read.wrong.replace(/^:? /, ""));
    this.last = read.event.time ?? this.last;
    this.recording.events.push(read.event);
  }

  row(value: unknown): void {
    if (!Value.Check(CardRow, value)) {
      const v: unknown = isFields(value) ? value["v"] : null;
      return this.fault(v === 1 ? "a row of cards with a field that cannot stand there" : `a row of cards in a form (v: ${JSON.stringify(v)?.slice(0, 20) ?? "none"}) that this page does not know; take the page of the same version`);
    }
    const event = eventOfRow(value, this.line);
    this.recording.events.push(event);
    this.recording.rows.set(this.line, value);
  }

  next(row: CardRow): void {
    this.line += 1;
    this.row(row);
  }

  /** Rows come newest first, and formulas are asked in time. */
  end(): Recording {
    const { recording } = this;
    if (recording.rows.size > 0) recording.events.sort((a, b) => (a.time?.ms ?? 0) - (b.time?.ms ?? 0) || b.line - a.line);
    return recording;
  }
}

export function recordingOfRows(rows: readonly CardRow[]): Recording {
  const reader = new Reader();
  for (const row of rows.slice(0, STUDIO_LIMITS.events_max)) reader.next(row);
  reader.recording.left_out = Math.max(0, rows.length - STUDIO_LIMITS.events_max);
  return reader.end();
}

/** Reads up to the limit of events; what is behind it is not read. */
export async function recordingOf(blob: Pick<Blob, "size" | "stream">, progress: (bytes: number) => void): Promise<Recording | { readonly failed: string }> {
  if (blob.size > STUDIO_LIMITS.recording_bytes_max) return { failed: `the file has ${grouped(blob.size)} bytes, at most ${grouped(STUDIO_LIMITS.recording_bytes_max)} are read; split it` };
  const reader = new Reader();
  const stream = blob.stream().getReader();
  const decoder = new TextDecoder();
  let [rest, bytes] = ["", 0];
  for (;;) {
    const { done, value } = await stream.read();
    bytes += value?.length ?? 0;
    rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
    const lines = rest.split("\n");
    rest = done ? "" : (lines.pop() ?? "");
    for (const [i, line] of lines.entries()) {
      if (!reader.full) reader.take(line);
      else if (line.trim() !== "") reader.recording.left_out = done ? lines.slice(i).filter((one) => one.trim() !== "").length : null;
      if (reader.recording.left_out !== 0) break;
    }
    if (rest.length > STUDIO_LIMITS.line_characters_max) return { failed: `a line has more than ${grouped(STUDIO_LIMITS.line_characters_max)} characters, so this is no recording` };
    if (done || reader.recording.left_out !== 0) {
      await stream.cancel();
      return reader.end();
    }
    progress(bytes);
  }
}
