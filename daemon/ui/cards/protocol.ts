/** What the page and its worker say to each other; each kind of question has its own shape of reply. */
import type { Placed, Wanted } from "./opened/place.ts";
import type { Part } from "./reading.ts";

/** Read these files; at most `room` cards of them. */
export interface ReadQuestion {
  readonly kind: "read";
  readonly id: number;
  readonly files: readonly { readonly file: number; readonly name: string; readonly blob: Blob }[];
  readonly room: number;
}

/** A part of what was read; the last reply has `done`. */
export interface ReadReply {
  readonly kind: "read";
  readonly id: number;
  readonly part: Part;
  readonly done: boolean;
}

/** Find this card in a file, or in a part of one. */
export interface PlaceQuestion {
  readonly kind: "place";
  readonly id: number;
  readonly blob: Blob;
  readonly wanted: Wanted;
}

/** `broken`: the file cannot be read any more, in the browser's word for it. */
export interface PlaceReply {
  readonly kind: "place";
  readonly id: number;
  readonly found: { readonly placed: Placed | null } | { readonly broken: string };
  readonly done: true;
}

/** How far the file is that is being read. */
export interface ReadProgress {
  readonly kind: "progress";
  readonly id: number;
  readonly name: string;
  readonly read_bytes: number;
  readonly size_bytes: number;
  readonly done: false;
}

export type Question = ReadQuestion | PlaceQuestion;
export type Reply = ReadReply | PlaceReply | ReadProgress;
