/** What the page and its worker say to each other; each kind of question has its own shape of reply. */
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
