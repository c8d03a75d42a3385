/**
 * Provider formats from @secretlint's recommended preset, plus a few it lacks.
 * Loaded inside the check process only: 25 ms and a few MB.
 */
import { lintSource } from "@secretlint/core";
import { rules } from "@secretlint/secretlint-rule-preset-recommend";
import { secretLintProfiler } from "@secretlint/profiler";
import type { Candidate } from "./believable.ts";

export interface Match extends Candidate {
  readonly start: number;
  readonly end: number;
}

const PREFIX = "@secretlint/secretlint-rule-";
/**
 * Left out: `filter-comments` lets a change switch the scan off with a comment
 * of its own, and private keys are found by `pem.ts`, which also sees keys
 * shorter than the preset's 100 characters.
 */
const LEFT_OUT = new Set(["filter-comments", "privatekey"]);
const CONFIG = {
  rules: rules.filter((rule) => !LEFT_OUT.has(rule.meta.id.replace(PREFIX, ""))).map((rule) => ({ id: rule.meta.id, rule })),
};

/** Formats with a prefix nobody else uses. Each repeats one character class a bounded number of times. */
const MORE: readonly (readonly [provider: string, pattern: RegExp])[] = [
  ["pypi", /\bpypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,400}/g],
  ["digitalocean", /\bdo[opr]_v1_[a-f0-9]{64}\b/g],
  ["rubygems", /\brubygems_[a-f0-9]{48}\b/g],
  ["age", /\bAGE-SECRET-KEY-1[AC-HJ-NP-Z02-9]{58}\b/g],
];

/** The library compares every match with every other one, so it gets pieces: 1 MB of tokens took minutes whole. */
const PIECE_CHARACTERS = 32 * 1024;
/** Longest token a pattern knows; a piece starts this much before its end of the last one, so no token is cut. */
const OVERLAP_CHARACTERS = 12 * 1024;

async function scanPiece(content: string, offset: number, npmrc: boolean): Promise<Match[]> {
  // The path only decides which of the npm rules run; the others look at the text alone.
  const filePath = npmrc ? ".npmrc" : "package.json";
  const { messages } = await lintSource({ source: { content, filePath, ext: "", contentType: "text" }, options: { config: CONFIG, noPhysicFilePath: true } });
  return messages.map(({ ruleId, range }) => ({ provider: ruleId.replace(PREFIX, ""), value: content.slice(range[0], range[1]), start: offset + range[0], end: offset + range[1] }));
}

function scanMore(content: string): Match[] {
  return MORE.flatMap(([provider, pattern]) => [...content.matchAll(pattern)].map((match) => ({ provider, value: match[0], start: match.index, end: match.index + match[0].length })));
}

/** Where a piece may end without cutting a line, else its full length. */
function pieceEnd(content: string, start: number): number {
  const full = start + PIECE_CHARACTERS;
  if (full >= content.length) return content.length;
  const line = content.lastIndexOf("\n", full);
  return line > start + OVERLAP_CHARACTERS ? line : full;
}

/** Everything in the text that is written like a credential, in order, each place once. */
export async function scan(content: string, npmrc: boolean, signal: AbortSignal): Promise<Match[]> {
  secretLintProfiler.setEnabled(false);
  const found = new Map<string, Match>();
  for (let start = 0; start < content.length && !signal.aborted; ) {
    const end = pieceEnd(content, start);
    for (const match of await scanPiece(content.slice(start, end), start, npmrc)) found.set(`${match.start} ${match.end}`, match);
    start = end >= content.length ? end : content[end] === "\n" ? end : end - OVERLAP_CHARACTERS;
  }
  for (const match of scanMore(content)) found.set(`${match.start} ${match.end}`, match);
  return [...found.values()].toSorted((a, b) => a.start - b.start || a.end - b.end);
}
