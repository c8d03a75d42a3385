/** Answers that were given, by what was asked of what. Only a pass or a fail is kept: what could not be told may be told next time. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { Type } from "@sinclair/typebox";
import { canonicalText } from "../../../proto/canonical.ts";
import { ModelOutcome } from "../../../proto/model.ts";
import { Closed, Sha256Hex } from "../../../proto/scalar.ts";
import { errno } from "../../platform/kernel/errno.ts";

export interface ModelCache {
  get(key: string): ModelOutcome | null;
  /** Requires a pass or a fail. */
  put(key: string, outcome: ModelOutcome): void;
}

const Kept = Closed({ v: Type.Literal(1), key: Sha256Hex, sha256: Sha256Hex, outcome: ModelOutcome });
const ENTRIES_MAX = 1_000;

const sealOf = (key: string, outcome: ModelOutcome): string => Bun.SHA256.hash(canonicalText({ key, outcome }), "hex");

/** In a folder of its owner's alone. What is damaged, of another question or cut off is not an answer. */
export class FolderCache implements ModelCache {
  constructor(private readonly folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  get(key: string): ModelOutcome | null {
    try {
      const kept: unknown = JSON.parse(readFileSync(this.pathOf(key), "utf8"));
      if (!Value.Check(Kept, kept) || kept.outcome.result === "unavailable") return null;
      return sealOf(key, kept.outcome) === kept.sha256 ? kept.outcome : null;
    } catch (error) {
      if (errno(error) === undefined && !(error instanceof SyntaxError)) throw error;
      return null;
    }
  }

  put(key: string, outcome: ModelOutcome): void {
    if (outcome.result === "unavailable") throw new Error("an answer that could not be given is not kept");
    const part = `${this.pathOf(key)}.${process.pid}`;
    writeFileSync(part, canonicalText({ v: 1, key, sha256: sealOf(key, outcome), outcome }), { mode: 0o600 });
    renameSync(part, this.pathOf(key));
    this.prune();
  }

  private pathOf(key: string): string {
    return join(this.folder, `${key}.json`);
  }

  /** The oldest go first. */
  private prune(): void {
    const names = readdirSync(this.folder);
    if (names.length <= ENTRIES_MAX) return;
    const aged = names.map((name) => ({ path: join(this.folder, name), ms: statSync(join(this.folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0 })).sort((a, b) => a.ms - b.ms);
    for (const { path } of aged.slice(0, names.length - ENTRIES_MAX)) rmSync(path, { force: true });
  }
}
