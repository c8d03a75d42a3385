/** A log as files in memory, made without the daemon's log: leaves hashed at once, tiles cut from the levels. */
import { chosenHasher, growTree } from "../../../../kernels/merkle/index.ts";
import { concatBytes, utf8 } from "../../../../proto/encoding.ts";
import { newSigner } from "../../../testing/evidence.ts";
import { checkpointText } from "../../checkpoint.ts";
import { noteKey, signatureLine, type NoteKey } from "../../note.ts";
import { bundleEntry } from "../entry-bundle.ts";
import type { ReadLogFile } from "../reader.ts";
import { TILE_HEIGHT, tilePath, tilesBetween, type Tile } from "../tiles.ts";

export type Site = Map<string, Uint8Array>;

export class LogMaker {
  private readonly signer = newSigner("ed25519");
  readonly key: NoteKey;

  constructor(readonly origin = "log.sample.example") {
    this.key = noteKey(origin, this.signer.key);
  }

  /** A signed head of whatever it is told. */
  sign(size: number, root: Uint8Array, origin = this.origin): string {
    const text = checkpointText({ origin, size, root });
    return `${text}\n${signatureLine(this.key, this.signer.sign(utf8(text)))}`;
  }

  /** Everything a stranger gets of the first `size` entries. */
  site(entries: readonly Uint8Array[], size = entries.length): Site {
    const tree = growTree(chosenHasher().leafHashes(entries.slice(0, size)));
    const bytes = ({ level, index, width }: Tile): Uint8Array => {
      const places = Array.from({ length: width }, (_, i) => index * 256 + i);
      return concatBytes(...places.map((at) => (level === "entries" ? bundleEntry(entries[at]!) : tree.readNode({ level: level * TILE_HEIGHT, index: at }))));
    };
    return new Map([["checkpoint", utf8(this.sign(size, tree.root()))], ...tilesBetween(0, size).map((tile) => [tilePath(tile), bytes(tile)] as const)]);
  }
}

export const entriesOf = (count: number, of = "entry"): Uint8Array[] => Array.from({ length: count }, (_, i) => utf8(`${of} ${i}`));

export const reading = (site: Site): ReadLogFile => (path) => Promise.resolve(site.get(path) ?? null);

export const checkpointOf = (site: Site): string => new TextDecoder().decode(site.get("checkpoint"));
