/** Decisions that are learned from: what was drawn, what is kept of it, and what came of it. */
import { createHash } from "node:crypto";
import { canonicalNumbers } from "../../../proto/canonical.ts";
import { maskPersonal } from "../../checking/personal.ts";
import { credentialsIn } from "../../checking/redact.ts";
import type { Look } from "../../store/write-guard.ts";
import type { TableEvents } from "../writes.ts";
import { type Part, table } from "./reading.ts";

interface Large {
  readonly context: Readonly<Record<string, unknown>>;
  readonly eligible: readonly { readonly arm: string; readonly propensity: number }[];
}

interface Decided {
  readonly router: string;
  readonly large: Large | null;
  readonly parts: number;
  readonly drawn: string;
  readonly executed: string;
  readonly propensity: number;
  readonly forced: string | null;
  readonly reason: string;
}

interface Came {
  readonly outcome: { readonly censored: boolean };
}

const word = (row: unknown): string => createHash("sha256").update(canonicalNumbers(row)).digest("hex");
const NOTHING: Large = { context: {}, eligible: [] };

/** What is too large for a row was written in pieces before it. */
function largeOf({ large, parts }: Decided, [at_ms = 0, n = 0]: readonly Part[], look: Look): Large {
  if (large !== null) return large;
  const pieces = Array.from({ length: parts }, (_, i) => (look("episodes.parts", [at_ms, n, i]) as { readonly text: string } | undefined)?.text ?? "");
  return pieces.length === 0 ? NOTHING : (JSON.parse(pieces.join("")) as Large);
}

const textOf = ({ context }: Large, reason: string): string => [reason, ...Object.values(context).filter((value) => typeof value === "string")].join("\n\n");

export const EPISODE_EVENTS: Readonly<Record<string, TableEvents>> = {
  "routing.deciders": table<{ readonly bytes: Uint8Array }>("routing_decider", ({ bytes }, [, part = 0]) => ({ part, word: createHash("sha256").update(bytes).digest("hex") })),
  "routing.watched": table<{ readonly seen: number; readonly violated: boolean }>("routing_watched", ({ seen, violated }, [, , constraint = ""]) => ({ constraint, seen, violated })),
  evaluations: table<{ readonly asked: string }>("evaluation_asked", ({ asked }, [, router = "", , nth = 0]) => ({ router, nth, asked }), (_row, [space = "", router = "", reward = "", nth = 0], look) => ({ follows: look("evaluations", [space, router, reward, Number(nth) - 1]) !== undefined })),
  episodes: table<Decided>(
    "episode",
    (row) => ({ router: row.router, propensity: row.propensity, forced: row.forced !== null, word: word(row) }),
    (row, key, look) => {
      const large = largeOf(row, key, look);
      const text = textOf(large, row.reason);
      const share = large.eligible.find(({ arm }) => arm === row.executed)?.propensity;
      return { as_drawn: row.drawn === row.executed && share === row.propensity, credentials: credentialsIn(text), personal: maskPersonal(text) !== text };
    },
  ),
  "episodes.outcomes": table<Came>("episode_outcome", (row) => ({ censored: row.outcome.censored, word: word(row) }), (_row, [at_ms = 0, n = 0], look) => ({ decided: look("episodes", [at_ms, n]) !== undefined })),
};
