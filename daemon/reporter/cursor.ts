/** How far the reporter has come, in one small file that is whole or the one before. */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { MaestroError } from "../../proto/errors.ts";
import { ReporterState } from "../../proto/status.ts";
import { syncPathNow } from "../platform/sync.ts";

export const STATE_FILE = "reporter.json";

export interface Cursor {
  readonly state: ReporterState;
  /** On disk when it returns. */
  save(state: ReporterState): void;
}

const FIRST: ReporterState = { v: 1, next: 0, published: 0, dead: [], dead_total: 0 };

/** Throws `store.corrupt` for a file that is none of ours: to begin anew somebody has to take it away. */
export function openCursor(folder: string): Cursor {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const path = join(folder, STATE_FILE);
  let state = FIRST;
  if (existsSync(path)) {
    const found = parsed(readFileSync(path, "utf8"));
    if (!Value.Check(ReporterState, found)) throw new MaestroError("store.corrupt", `${path} is no state of the reporter; move it away, and everything is published once more`);
    state = found;
  }
  return {
    get state() {
      return state;
    },
    save(next) {
      const fd = openSync(`${path}.next`, "w", 0o644);
      try {
        writeSync(fd, `${JSON.stringify(next)}\n`);
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
      renameSync(`${path}.next`, path);
      syncPathNow(folder);
      state = next;
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
