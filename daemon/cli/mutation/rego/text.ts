/** Places of OPA's syntax tree in the text it was read from. */

/** `opa parse --json-include locations`: rows and columns count from 1, columns in characters; `text` is base64. */
export interface Located {
  readonly row: number;
  readonly col: number;
  readonly text?: string;
}

export interface Span {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export class RegoText {
  readonly #lines: readonly number[];

  constructor(readonly text: string) {
    const lines = [0];
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines.push(at + 1);
    this.#lines = lines;
  }

  /** Where it stands; `null` where the text there is not what the tree says, which is then left alone. */
  span(location: unknown): Span | null {
    if (!isLocated(location)) return null;
    const line = this.#lines[location.row - 1];
    if (line === undefined) return null;
    const before = [...this.text.slice(line, this.#lines[location.row] ?? this.text.length)].slice(0, location.col - 1).join("");
    const text = new TextDecoder().decode(Uint8Array.fromBase64(location.text ?? ""));
    const start = line + before.length;
    return text !== "" && this.text.startsWith(text, start) ? { start, end: start + text.length, text } : null;
  }
}

function isLocated(value: unknown): value is Located {
  return typeof value === "object" && value !== null && "row" in value && "col" in value && typeof value.row === "number" && typeof value.col === "number";
}
