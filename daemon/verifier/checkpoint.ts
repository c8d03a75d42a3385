/** The body of a checkpoint (C2SP tlog-checkpoint): origin, size, root, one line each. */
import { fromBase64, toBase64 } from "../../proto/encoding.ts";

export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
  /** Opaque further lines; ours has none. */
  readonly extensions: readonly string[];
}

/** A decimal without leading zeroes that a double holds exactly, else `null`. */
export function parseCount(text: string): number | null {
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(text)) return null;
  const count = Number(text);
  return Number.isSafeInteger(count) ? count : null;
}

export function checkpointText({ origin, size, root }: Omit<Checkpoint, "extensions">): string {
  return `${origin}\n${size}\n${toBase64(root)}\n`;
}

export function parseCheckpoint(text: string): Checkpoint | null {
  if (!text.endsWith("\n")) return null;
  const lines = text.slice(0, -1).split("\n");
  const [origin, sizeText, rootText, ...extensions] = lines;
  if (origin === undefined || sizeText === undefined || rootText === undefined || lines.includes("")) return null;
  const size = parseCount(sizeText);
  const root = fromBase64(rootText);
  if (size === null || root === null || root.length !== 32) return null;
  return { origin, size, root, extensions };
}
