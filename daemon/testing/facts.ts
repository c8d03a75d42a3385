/**
 * Facts of a change written down as texts before and after, for tests of what
 * reads facts. The hunks come from the real git, so a test sees what a gate sees.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHash } from "node:crypto";
import type { Actor } from "../../proto/actor.ts";
import type { Commit, Facts, FileChange, FileContent, FileSide, Hunk, TreeEntry } from "../../proto/facts.ts";
import { pathFromBytes, pathText, type PathBytes } from "../../proto/scalar.ts";

type Mode = FileSide["mode"];
type Bytes = string | Uint8Array | null;

export interface TextChange {
  /** A string, or raw bytes where the path is not UTF-8. */
  readonly path: string | Uint8Array;
  readonly old_path?: string;
  readonly old: Bytes;
  readonly new: Bytes;
  readonly mode?: Mode;
  readonly old_mode?: Mode;
  readonly binary_bytes?: number;
  readonly truncated?: boolean;
  readonly lfs?: boolean;
}

export interface FactsOptions {
  readonly actor?: Actor["class"];
  readonly title?: string;
  readonly commits?: readonly Commit[];
  readonly revert?: boolean;
  readonly merge?: boolean;
  readonly base_policy?: string;
  readonly commands?: Facts["commands"];
  readonly runners?: Facts["runners"];
  readonly formal?: Facts["formal"];
  readonly learned?: Facts["learned"];
  readonly waived?: Facts["waived"];
  /** Paths of the merged tree beside those of the change. */
  readonly tree?: readonly (string | { path: string; mode: Mode })[];
  /** Which changed files are handed over whole; by default every one. */
  readonly wants?: (path: string, mode: string) => boolean;
}

const CONTEXT = 3;
const HEADER = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;

function bytesOf(text: string | Uint8Array): Uint8Array {
  return typeof text === "string" ? new TextEncoder().encode(text) : text;
}

function linesOf(bytes: Uint8Array): string[] {
  const lines = new TextDecoder().decode(bytes).split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

function oneSided(op: "+" | "-", bytes: Uint8Array): Hunk[] {
  const lines = linesOf(bytes);
  if (lines.length === 0) return [];
  const [old, now] = op === "+" ? [0, lines.length] : [lines.length, 0];
  return [{ old_start: old === 0 ? 0 : 1, old_lines: old, new_start: now === 0 ? 0 : 1, new_lines: now, lines: lines.map((text) => ({ op, text })) }];
}

/** Hunks of two texts as `git diff` gives them. */
export function gitHunks(old: Uint8Array, now: Uint8Array): Hunk[] {
  const folder = mkdtempSync(join(tmpdir(), "maestro-facts-"));
  try {
    writeFileSync(join(folder, "old"), old);
    writeFileSync(join(folder, "new"), now);
    const diff = Bun.spawnSync(["git", "diff", "--no-index", "--text", "--no-color", `-U${CONTEXT}`, "old", "new"], { cwd: folder, env: { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: folder, GIT_CONFIG_NOSYSTEM: "1" } });
    if (diff.exitCode > 1) throw new Error(`git diff: ${diff.stderr.toString()}`);
    const hunks: Hunk[] = [];
    for (const line of linesOf(diff.stdout)) {
      const header = HEADER.exec(line);
      if (header !== null) {
        const count = (text: string | undefined) => (text === undefined ? 1 : Number(text));
        hunks.push({ old_start: Number(header[1]), old_lines: count(header[2]), new_start: Number(header[3]), new_lines: count(header[4]), lines: [] });
      } else if (/^[-+ ]/.test(line)) hunks.at(-1)?.lines.push({ op: line[0] as "+" | "-" | " ", text: line.slice(1) });
    }
    return hunks;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function oidOf(bytes: Uint8Array): string {
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}

function sideOf(text: Bytes, mode: Mode, size: number | undefined): FileSide | null {
  if (text === null) return null;
  const bytes = bytesOf(text);
  return { mode, oid: oidOf(bytes), size: size ?? bytes.length };
}

function hunksOf(change: TextChange): Hunk[] {
  const [old, now] = [change.old === null ? null : bytesOf(change.old), change.new === null ? null : bytesOf(change.new)];
  if (change.binary_bytes !== undefined) return [];
  if (old === null) return now === null ? [] : oneSided("+", now);
  return now === null ? oneSided("-", old) : oidOf(old) === oidOf(now) ? [] : gitHunks(old, now);
}

function fileOf(change: TextChange): FileChange {
  const status = change.old_path !== undefined ? "renamed" : change.old === null ? "added" : change.new === null ? "deleted" : change.old_mode !== undefined && change.old_mode !== change.mode ? "type_changed" : "modified";
  return {
    path: typeof change.path === "string" ? { u: change.path } : pathFromBytes(change.path),
    old_path: change.old_path === undefined ? null : { u: change.old_path },
    status,
    old: sideOf(change.old, change.old_mode ?? change.mode ?? "100644", undefined),
    new: sideOf(change.new, change.mode ?? "100644", change.binary_bytes),
    binary: change.binary_bytes !== undefined,
    lfs: change.lfs ?? false,
    hunks: change.mode === "160000" ? [] : hunksOf(change),
    truncated: change.truncated ?? false,
  };
}

function contentsOf(change: TextChange, file: FileChange, wants: (path: string, mode: string) => boolean): FileContent[] {
  const out: FileContent[] = [];
  const push = (path: PathBytes, side: "old" | "new", text: Bytes) => {
    if (text !== null) out.push({ path, side, bytes: bytesOf(text).toBase64() });
  };
  if (!wants(pathText(file.path), file.new?.mode ?? file.old?.mode ?? "100644")) return [];
  push(file.path, "new", change.new);
  push(file.old_path ?? file.path, "old", change.old);
  return out;
}

function countOf(files: readonly FileChange[], op: "+" | "-"): number {
  return files.reduce((sum, file) => sum + file.hunks.reduce((n, hunk) => n + hunk.lines.filter((line) => line.op === op).length, 0), 0);
}

/** Facts of the given texts; everything not named is what an ordinary small change by a person has. */
export function factsOf(changes: readonly TextChange[], options: FactsOptions = {}): Facts {
  const files = changes.map(fileOf);
  const tree: TreeEntry[] = files.flatMap((file) => (file.new === null ? [] : [{ path: file.path, mode: file.new.mode, oid: file.new.oid }]));
  for (const entry of options.tree ?? []) {
    const { path, mode } = typeof entry === "string" ? { path: entry, mode: "100644" as const } : entry;
    tree.push({ path: { u: path }, mode, oid: "0".repeat(40) });
  }
  return {
    basis: "target..merge",
    history: "known",
    conflicts: [],
    commits: [...(options.commits ?? [])],
    actor: { class: options.actor ?? "human", authenticated: false, name: "Ada Lovelace", agent: null, signs: [] },
    title: options.title ?? "a change",
    files,
    tree,
    contents: changes.flatMap((change, i) => contentsOf(change, files[i] as FileChange, options.wants ?? (() => true))),
    added_lines: countOf(files, "+"),
    removed_lines: countOf(files, "-"),
    revert: options.revert ?? false,
    merge: options.merge ?? false,
    base_policy: options.base_policy ?? null,
    commands: [...(options.commands ?? [])],
    runners: [...(options.runners ?? [])],
    formal: options.formal ?? { specs: [], invariants: null, files: [] },
    learned: options.learned ?? { entries: [], files: [] },
    waived: [...(options.waived ?? [])],
    gaps: [],
  };
}
