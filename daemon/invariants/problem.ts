/** What is wrong with an invariant's text: a value for whoever compiles, thrown only inside this room. */
import type { Span } from "../../proto/expr.ts";

/** One mistake, where it stands, and what to write instead. Lines and columns count from 1, columns in UTF-16 units. */
export interface Problem {
  /** Where in the document, such as `assert[0].expr`; empty for the document as a whole. */
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly fix: string;
}

/** A mistake at a place of one expression's text. */
export class SourceError extends Error {
  constructor(
    readonly span: Span,
    message: string,
    readonly fix: string,
  ) {
    super(message);
    this.name = "SourceError";
  }
}
