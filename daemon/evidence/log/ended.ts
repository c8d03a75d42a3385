/** Logs that have ended are kept as files alone; what a log's files hold can be read back from them. */
import { join } from "node:path";
import { equalBytes } from "../../../proto/encoding.ts";
import { ROTATIONS_FILE, RotationsFile } from "../../../proto/log.ts";
import { hashLeaf } from "../../verifier/leaves.ts";
import { BUNDLE_LIMITS } from "../../verifier/limits.ts";
import { entriesIn } from "../../verifier/log/entry-bundle.ts";
import { openRotation } from "../../verifier/log/rotation.ts";
import { spansOf } from "../../verifier/log/spans.ts";
import { tilePath, tilesBetween } from "../../verifier/log/tiles.ts";
import type { NoteKey } from "../../verifier/note.ts";
import { readDocument } from "../../verifier/schema.ts";
import { type AuditStep, auditTile, fileAt, Recount } from "./audit.ts";
import { headIn } from "./opening.ts";
import { readPublished, tileBytesOf } from "./projection.ts";

/** All entries that a log's files hold, as far as they can be read one after the other. */
export async function readEntryTiles(folder: string, size: number): Promise<Uint8Array[]> {
  const entries: Uint8Array[] = [];
  for (const tile of tilesBetween(0, size).filter(({ level }) => level === "entries")) {
    const bytes = await fileAt(join(folder, tilePath(tile)));
    const some = bytes === null ? null : entriesIn(bytes);
    if (some === null || some.length !== tile.width) break;
    entries.push(...some);
  }
  return entries;
}

/** How its key changed, where it did: what stands there must hang together by itself. */
async function* auditChain(folder: string, keys: readonly NoteKey[], size: number): AsyncGenerator<AuditStep, void> {
  const bytes = await fileAt(join(folder, ROTATIONS_FILE));
  const [key] = keys;
  if (bytes === null || key === undefined) return;
  const document = readDocument(RotationsFile, bytes, BUNDLE_LIMITS);
  const opened = "because" in document ? [] : document.value.rotations.map(openRotation);
  const rotations = opened.flatMap((one) => (one.ok && one.value.covering.size <= size ? [one.value] : []));
  const whole = !("because" in document) && rotations.length === opened.length && typeof spansOf(key, rotations) !== "string";
  yield { name: ROTATIONS_FILE, bytes: bytes.length, problem: whole ? null : "it is no chain of changes of this log's key" };
}

/** A log that has ended, kept as files alone: its entries must hash to the head that its key signed, and its tiles show that tree. */
export async function* auditEnded(folder: string, keys: readonly NoteKey[]): AsyncGenerator<AuditStep, void> {
  const text = await readPublished(folder);
  const head = text === null ? null : headIn(text, keys);
  if (text === null || head === null) return yield { name: "checkpoint", bytes: 0, problem: text === null ? "the file is missing" : "no key of the trust file signed it" };
  const entries = await readEntryTiles(folder, head.size);
  const recount = new Recount();
  const nodes = new Map<string, Uint8Array>();
  for (const [i, entry] of entries.entries()) {
    for (const { level, index, hash } of recount.add(i, hashLeaf(entry))) nodes.set(`${level}/${index}`, hash);
  }
  const whole = entries.length === head.size && equalBytes(recount.root(head.size), head.root);
  yield { name: "checkpoint", bytes: text.length, problem: whole ? null : `its ${head.size} entries do not hash to the head it signed` };
  if (!whole) return;
  yield* auditChain(folder, keys, head.size);
  const source = { rotations: () => null, node: ({ level, index }: { level: number; index: number }) => nodes.get(`${level}/${index}`) ?? new Uint8Array(), entry: (index: number) => entries[index] ?? new Uint8Array() };
  for (const tile of tilesBetween(0, head.size)) yield await auditTile(folder, tile, () => tileBytesOf(tile, source), false);
}
