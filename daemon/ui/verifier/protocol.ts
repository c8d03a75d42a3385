/** What the page and its worker say to each other. */
import type { Answer } from "./answer.ts";

export interface Question {
  readonly id: number;
  readonly files: readonly { readonly name: string; readonly blob: Blob; readonly known?: boolean }[];
  readonly now_ms: number;
}

export interface Reply {
  readonly id: number;
  readonly answer: Answer;
}
