/** The log as the static site that C2SP tlog-tiles describes, answered from the store: every tile, at every width it ever had. */
import { MaestroError } from "../../../proto/errors.ts";
import { ROTATIONS_FILE } from "../../../proto/log.ts";
import { utf8 } from "../../../proto/encoding.ts";
import { parseTilePath, TILE_WIDTH, hashesAt } from "../../verifier/log/tiles.ts";
import { verifierKeyText } from "../../verifier/note.ts";
import { tileBytesOf, sourceOf } from "./projection.ts";
import { signedCheckpoint, type LogSigner } from "./signed.ts";
import { HEAD, readNodes, type LogTables } from "./tables.ts";
import { frontierOf, storedRoot } from "./tree.ts";
import { rotationsFile, readRotations } from "./rotations.ts";

export interface SiteFile {
  readonly bytes: Uint8Array;
  readonly type: "text" | "bytes" | "json";
  /** Never anything else under this path. */
  readonly immutable: boolean;
}

export interface LogSite {
  /** Throws `request.not_found` for what this log does not have. */
  file(path: string): SiteFile;
}

const CHECKPOINT_OF = /^checkpoint\/(0|[1-9][0-9]{0,15})$/;

function missing(path: string): MaestroError {
  return new MaestroError("request.not_found", `the log has no ${path.slice(0, 120)}`);
}

/**
 * A checkpoint of an earlier size. An Ed25519 signature over the same text is the same (RFC 8032), so this is what was published then;
 * what another key signed can be signed by nobody any more.
 */
function earlier(tables: LogTables, size: number, path: string, { key, sign }: LogSigner): string {
  const head = tables.head.get(HEAD);
  if (head === undefined || size > head.size) throw missing(path);
  if (size === head.size) return head.checkpoint;
  const last = readRotations(tables).at(-1);
  const handed = last?.verificationMaterial.tlogEntries[0];
  const covering = handed === undefined ? 0 : Number(handed.logIndex) + 1;
  if (handed !== undefined && size === covering) return handed.inclusionProof.checkpoint.envelope;
  if (size < covering) throw new MaestroError("request.not_found", `checkpoint ${size} was signed by a key that is gone; whoever kept it may give it to maestro log export`);
  const read = readNodes(tables);
  return signedCheckpoint({ frontier: frontierOf(size, read), root: storedRoot(size, read) }, { key, sign });
}

export function openSite(tables: LogTables, signer: () => LogSigner): LogSite {
  const text = (content: string, immutable: boolean): SiteFile => ({ bytes: utf8(content), type: "text", immutable });
  return {
    file(path) {
      const head = tables.head.get(HEAD);
      if (head === undefined) throw missing(path);
      if (path === "checkpoint") return text(head.checkpoint, false);
      if (path === "log.vkey") return text(`${verifierKeyText(signer().key)}\n`, false);
      if (path === ROTATIONS_FILE) {
        const bytes = rotationsFile(tables);
        if (bytes === null) throw missing(path);
        return { bytes, type: "json", immutable: false };
      }
      const size = CHECKPOINT_OF.exec(path)?.[1];
      if (size !== undefined) return text(earlier(tables, Number(size), path, signer()), false);
      const tile = parseTilePath(path);
      if (tile === null || tile.index * TILE_WIDTH + tile.width > hashesAt(tile.level, head.size)) throw missing(path);
      return { bytes: tileBytesOf(tile, sourceOf(tables)), type: "bytes", immutable: true };
    },
  };
}
