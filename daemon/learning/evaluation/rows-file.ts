/** The file between the core, which reads the log, and a check process, which judges by it. */
import { closeSync, openSync, writeSync } from "node:fs";
import type { Episode } from "../../../proto/episode.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { RouterEntry } from "../../../proto/routing.ts";
import { type LogRow, lineOf, rowOf, rowsOf } from "./row.ts";

/** A line of the largest context and 64 arms is far below; a longer one was not written here. */
const LINE_CHARACTERS_MAX = 1024 * 1024;
/** Written at once. */
const PIECE_CHARACTERS = 256 * 1024;

export interface Written {
  readonly sha256: string;
  readonly rows: number;
  /** Episodes whose arms the router no longer has. */
  readonly left_out: number;
}

/** Takes episodes that may be learned from, in the order of the log. Close it, whatever happens. */
export function rowsWriter(path: string, router: RouterEntry) {
  const fd = openSync(path, "wx", 0o600);
  const hash = new Bun.CryptoHasher("sha256");
  const toRow = rowsOf(router);
  let [piece, rows, left_out] = ["", 0, 0];
  const flush = (): void => {
    const bytes = Buffer.from(piece);
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    hash.update(bytes);
    piece = "";
  };
  return {
    add(episode: Episode): void {
      const row = toRow(episode);
      if (row === null) left_out++;
      else {
        rows++;
        piece += lineOf(row);
        if (piece.length >= PIECE_CHARACTERS) flush();
      }
    },
    end(): Written {
      flush();
      return { sha256: hash.digest("hex"), rows, left_out };
    },
    close: () => closeSync(fd),
  };
}

/** Rows of the file, one after the other. Throws `worker.protocol` where it is not the one that was written. */
export async function* rowsIn(path: string, sha256: string): AsyncGenerator<LogRow, void> {
  const hash = new Bun.CryptoHasher("sha256");
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of Bun.file(path).stream()) {
    hash.update(chunk);
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > LINE_CHARACTERS_MAX) throw new MaestroError("worker.protocol", "a row without an end");
    for (const line of lines) yield rowOf(line);
  }
  if (rest !== "" || hash.digest("hex") !== sha256) throw new MaestroError("worker.protocol", "the rows are not those that were written");
}
