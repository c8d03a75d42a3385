/** What is kept, what went, and numbers that are never given out again. */
import type { StoredModel } from "../../../proto/model-store.ts";
import type { Tombstone } from "../../../proto/retention.ts";
import type { KeptOutcome } from "../../store/reuse.ts";
import type { TableEvents } from "../writes.ts";
import { logHead, table } from "./reading.ts";

const tombstone = table<Tombstone>(
  "tombstone",
  ({ name, class: of, at_s, made_s, digests }) => ({ name, class: of, at_s, made_s, digests: digests.map(({ kind, sha256 }) => `${kind} ${sha256}`) }),
  ({ gate_id }, _key, look) => {
    const hold = gate_id === undefined ? undefined : (look("holds", gate_id) as { readonly at_s: number } | undefined);
    return { held: hold !== undefined, held_s: hold?.at_s ?? 0 };
  },
);

interface Tests {
  readonly runs: number;
  readonly failures: number;
  readonly flakes: number;
}

export const KEEPING_EVENTS: Readonly<Record<string, TableEvents>> = {
  tombstones: tombstone,
  // How far expiry and its clock came may be forgotten and told anew; places and attempts of gates may not.
  floors: table<{ readonly next: number }>("floor", ({ next }, [name]) => ({ name, next, numbers: name === "places" || String(name).startsWith("gate:") })),
  outbox: table("promised_blob", (_row, [entry]) => ({ entry }), (_row, _key, look) => ({ log_size: logHead(look).size })),
  // An answer too large for a record lies in a blob, where it cannot be read from here.
  kept_outcomes: table<KeptOutcome>("kept_outcome", ({ outcome, asked: { attempt } }) => ({ result: typeof outcome === "string" ? "elsewhere" : outcome.result, reused: typeof outcome !== "string" && outcome.reused !== undefined, attempt })),
  "tests.history": table<Tests>("test_history", ({ runs, failures, flakes }) => ({ runs, failures, flakes })),
  models: table<StoredModel>("model", ({ name, digest, files }) => ({ name, digest, licence_bytes: files.reduce((sum, { role, bytes }) => sum + (role === "licence" ? bytes : 0), 0) })),
  meta: table<{ readonly version: number }>("state_version", ({ version }) => ({ version })),
};
