/** The different texts of a batch: a column holds which one, so that equal means the same number. */
import { compareText } from "../evaluate/strings.ts";
import { readField, type Context } from "../evaluate/values.ts";
import type { Type } from "../types/type.ts";
import { valueOr } from "./fill.ts";

export interface TextColumn {
  /** Place among `Texts.all`. */
  readonly codes: Int32Array<ArrayBuffer>;
  readonly status: Uint8Array<ArrayBuffer>;
}

export class Texts {
  readonly all: string[] = [];
  readonly #codes = new Map<string, number>();
  /** In UTF-16 units. */
  longest = 0;

  private codeOf(text: string): number {
    const known = this.#codes.get(text);
    if (known !== undefined) return known;
    this.#codes.set(text, this.all.length);
    this.longest = Math.max(this.longest, text.length);
    return this.all.push(text) - 1;
  }

  column(events: readonly Context[], name: string, type: Type): TextColumn {
    const codes = new Int32Array(events.length);
    const status = new Uint8Array(events.length);
    for (let row = 0; row < events.length; row++) {
      const event = events[row] ?? {};
      const given = event[name];
      // What was read before in this batch is a text of the type; an enum's column has its own type, and the dictionary others' words too.
      const known = typeof given === "string" && type.name === "string" && Object.hasOwn(event, name) ? this.#codes.get(given) : undefined;
      if (known !== undefined) {
        codes[row] = known;
        continue;
      }
      const read = valueOr(() => readField(event, name, type));
      if ("status" in read) status[row] = read.status;
      else codes[row] = this.codeOf(read.value as string);
    }
    return { codes, status };
  }

  /** Numbers for texts that are no event's: below zero, each its own. */
  literals(texts: readonly string[]): ReadonlyMap<string, number> {
    return new Map(texts.map((text, i) => [text, this.#codes.get(text) ?? -1 - i]));
  }

  /** By code points, literals among them: the number of each text, such that less is less. */
  ranks(texts: readonly string[]): { readonly of: ReadonlyMap<string, number>; readonly byCode: Int32Array } {
    const sorted = [...new Set([...this.all, ...texts])].sort(compareText);
    const of = new Map(sorted.map((text, rank) => [text, rank]));
    return { of, byCode: Int32Array.from(this.all, (text) => of.get(text) ?? 0) };
  }
}
