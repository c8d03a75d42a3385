/** Rows of cards that a test or a bench makes: as many as are wanted, of every kind, the same for the same seed. */
import type { CardRow, RowReason } from "../../../proto/cards.ts";

/** Xorshift32: only to spread values. */
function dice(seed: number): (sides: number) => number {
  let state = seed | 0 || 1;
  return (sides) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % sides;
  };
}

const RULES = ["secrets.token", "tests.focused", "size.lines", "deps.unpinned", "taint.shell", "lint.error", "types.error", "spec.deadlock", "owners.missing", "budget.cost"] as const;
const CHECKS = ["secrets", "tests", "size", "deps", "taint", "command.lint", "command.types", "modelcheck", "owners", "budget"] as const;
const REPOSITORIES = ["github.com/example/parser", "github.com/example/billing", "local:1000:demo", "git.example.org/tools/deploy-everything-everywhere"] as const;
const ACTORS = [{ class: "agent", name: "A. Agent", agent: "claude" }, { class: "agent", name: "B. Agent", agent: "codex" }, { class: "human", name: "Ada Example", agent: null }, { class: "human", name: "Grace Example", agent: null }, { class: "bot", name: "update-bot[bot]", agent: null }] as const;
const WORDS = ["Speed up", "Rewrite", "Fix", "Remove", "Pin", "Cache", "Rename", "Test"] as const;
const THINGS = ["the parser", "token refresh", "invoice totals", "the retry loop", "a flaky test", "the deploy script", "path handling", "the changelog"] as const;
const WEEK_MS = 7 * 86_400_000;

const pick = <T>(roll: (sides: number) => number, from: readonly T[]): T => from[roll(from.length)] as T;
const LETTERS = "abcdefghijklmnopqrstuvwxyz234567";

function reasonsOf(roll: (sides: number) => number, verdict: CardRow["verdict"]): RowReason[] {
  const effect = verdict === "refuse" ? "refuse" : verdict === "hold" ? "hold" : "note";
  return Array.from({ length: verdict === "admit" ? roll(2) : 1 + roll(4) }, (_, i) => {
    const rule = roll(RULES.length);
    return { rule: RULES[rule] ?? "size.lines", check: CHECKS[rule] ?? null, effect: i === 0 ? effect : "note", observed: i > 0 && roll(3) === 0, because: `line ${roll(900)} of what this change adds does what ${RULES[rule]} is there to find`, path: `src/part${roll(40)}/unit${roll(400)}.ts` };
  });
}

/** The i-th newest of them, decided before `now_ms`. */
function rowAt(roll: (sides: number) => number, i: number, count: number, now_ms: number): CardRow {
  const verdict = (["refuse", "hold", "admit", "admit", "admit"] as const)[roll(5)] ?? "admit";
  const reasons = reasonsOf(roll, verdict);
  const at = new Date(now_ms - Math.floor((i * 12 * WEEK_MS) / count) - 60_000).toISOString().replace(/\.\d+/, "");
  const price = roll(5) === 0 ? null : String(1_000 + roll(4_000_000));
  const actor = pick(roll, ACTORS);
  const has = (effect: string): number => reasons.filter((reason) => !reason.observed && reason.effect === effect).length;
  return {
    v: 1,
    place: count - i,
    gate_id: `gate:${Array.from({ length: 52 }, () => LETTERS[roll(32)]).join("")}`,
    attempt: 1 + roll(2),
    at,
    verdict,
    mode: "local",
    repository: pick(roll, REPOSITORIES),
    target_ref: "refs/heads/main",
    head: Array.from({ length: 40 }, () => "0123456789abcdef"[roll(16)]).join(""),
    title: `${pick(roll, WORDS)} ${pick(roll, THINGS)} (${count - i})`,
    actor,
    files: 1 + roll(30),
    added_lines: roll(900),
    removed_lines: roll(300),
    policy: "default",
    reasons,
    counts: { refuse: has("refuse"), hold: has("hold"), observed: reasons.filter(({ observed }) => observed).length, note: has("note") },
    checks: { asked: 12, required: 6, failed: reasons.length, unavailable: roll(20) === 0 ? [{ check: "modelcheck", required: false }] : [] },
    cost: { reported_micro_usd: price, whole_micro_usd: price },
    total_us: 200_000 + roll(90_000_000),
    held_at: verdict === "admit" ? null : at,
    released: [],
  };
}

export function manyRows(count: number, now_ms: number, seed = 7): CardRow[] {
  const roll = dice(seed);
  return Array.from({ length: count }, (_, i) => rowAt(roll, i, count, now_ms));
}

export const asLines = (rows: readonly CardRow[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");
