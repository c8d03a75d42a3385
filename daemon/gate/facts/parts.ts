/** The facts as one document, and a digest of each part of it: what an answer was read from is named by these. */
import { utf8 } from "../../../proto/encoding.ts";
import type { Facts } from "../../../proto/facts.ts";

/** A rebase changes ids and parents of commits, and none of their words. */
export const COMMIT_WORDS = "commit_words";

export interface FactsDocument {
  readonly bytes: Uint8Array;
  /** SHA-256 over each part's JSON, which is made in one way only; and over what commits say without what they are called. */
  readonly parts: Readonly<Record<string, string>>;
}

/** Each part is written once, for the document and for its digest. */
export function factsDocument(facts: Facts): FactsDocument {
  const parts: Record<string, string> = {};
  const pieces: string[] = [];
  for (const [name, value] of Object.entries(facts)) {
    const text = JSON.stringify(value);
    parts[name] = Bun.SHA256.hash(text, "hex");
    pieces.push(`${JSON.stringify(name)}:${text}`);
  }
  parts[COMMIT_WORDS] = Bun.SHA256.hash(JSON.stringify(facts.commits.map(({ oid: _, parents: __, ...words }) => words)), "hex");
  return { bytes: utf8(`{${pieces.join(",")}}`), parts };
}
