/** Documents that findings and answers rest on: which stand on the card, and which travel in the bundle. The core hashes them and reads none. Pure. */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Card, CardCounterexample } from "../../proto/card.ts";
import type { GateConfig } from "../../proto/config.ts";
import { toHex, utf8 } from "../../proto/encoding.ts";
import type { Outcome } from "../../proto/outcome.ts";
import { placeFindings } from "../policy/input.ts";
import { boundsDocument } from "./hidden.ts";
import { type Evaluated, reportDocuments } from "./learned-obligations.ts";

/** A card is read by a person. */
const ON_CARD_MAX = 4;
const ON_CARD_CHARACTERS_MAX = 32 * 1024;
/** Beside configuration and bill of materials there are places for 64, and 24 MiB. */
const TRAVELLING_MAX = 32;
const TRAVELLING_BYTES_MAX = 4 * 1024 * 1024;

const digest = (text: string): string => toHex(sha256(utf8(text)));

/** Name of a counterexample's document in the bundle. */
const documentName = (sha: string): string => `counterexample/${sha.slice(0, 32)}.json`;

/** Those of findings as policy saw them; one that is too long for a card is named by its digest alone. */
export function cardCounterexamples(outcomes: readonly Outcome[]): Pick<Card, "counterexamples"> {
  const found = placeFindings(outcomes).flatMap(({ check, finding: { rule, fingerprint, cex } }) => (cex === undefined ? [] : [{ check, rule, fingerprint, cex }]));
  if (found.length === 0) return {};
  const listed = found.slice(0, ON_CARD_MAX).map(({ cex, ...one }): CardCounterexample => ({ ...one, sha256: digest(cex), document: cex.length > ON_CARD_CHARACTERS_MAX ? null : cex }));
  return { counterexamples: { listed, more: found.length - listed.length } };
}

export interface Travelling {
  readonly name: string;
  readonly content: Uint8Array;
}

interface Kept {
  readonly documents: readonly Travelling[];
  /** How many found no place. */
  readonly left_out: number;
}

/** Every counterexample, then every question to a solver, each once. */
function attachedDocuments(outcomes: readonly Outcome[]): Kept {
  const all = new Map<string, Uint8Array>();
  for (const { finding: { cex } } of placeFindings(outcomes)) if (cex !== undefined) all.set(documentName(digest(cex)), utf8(cex));
  for (const { attached = [] } of outcomes) for (const { name, text } of attached) all.set(name, utf8(text));
  const documents: { name: string; content: Uint8Array }[] = [];
  let bytes = 0;
  for (const [name, content] of all) {
    if (documents.length === TRAVELLING_MAX || bytes + content.length > TRAVELLING_BYTES_MAX) break;
    bytes += content.length;
    documents.push({ name, content });
  }
  return { documents: documents.sort((a, b) => (a.name < b.name ? -1 : 1)), left_out: all.size - documents.length };
}

/** What goes along in the bundle, the bounds of hidden numbers and the prices of the hour among it. */
export function travellingOf({ config, outcomes, evaluated }: { readonly config: GateConfig; readonly outcomes: readonly Outcome[]; readonly evaluated: readonly Evaluated[] }, market: Travelling | null = null): Kept["documents"] {
  return [...boundsDocument(config), ...attachedDocuments(outcomes).documents, ...reportDocuments(evaluated), ...(market === null ? [] : [market])].sort((a, b) => (a.name < b.name ? -1 : 1));
}

export function leftOutWords(outcomes: readonly Outcome[]): readonly string[] {
  const { left_out } = attachedDocuments(outcomes);
  return left_out === 0 ? [] : [`${left_out} documents, counterexamples or questions to a solver, are not in the bundle: at most ${TRAVELLING_MAX} and ${TRAVELLING_BYTES_MAX} bytes go along`];
}
