/** Which gate used an answer or a release of another: stands in the cards of later gates, which nobody reads through to find the earlier one's heirs. */
import { Type, type Static } from "@sinclair/typebox";
import type { Card } from "../../proto/card.ts";
import { Choice, Closed } from "../../proto/scalar.ts";
import type { Store } from "./db.ts";
import { artifactName } from "./gates.ts";
import { releaseArtifactName } from "./releases.ts";
import { LAST_TEXT } from "./table.ts";

const Edge = Closed({ kind: Choice(["reused", "released"]), to: Type.String({ maxLength: 128 }) });
export type Edge = Static<typeof Edge>;

/** Of one source; more are counted nowhere and derived from their own cards. */
const EDGES_READ_MAX = 256;

export interface LineageEdges {
  /** Inside `Store.atomic`, with the gate that the card is of. */
  add(name: string, card: Pick<Card, "checks" | "releases">): void;
  /** Artifacts that came of `name`. */
  from(name: string): readonly Edge[];
}

/** What a gate's card says it came of. Pure. */
export function upstreamOf({ checks, releases = [] }: Pick<Card, "checks" | "releases">): { readonly kind: Edge["kind"]; readonly name: string }[] {
  const reused = checks.flatMap((check) => (check.reused === undefined ? [] : [artifactName(check.reused.gate_id, check.reused.attempt)]));
  return [...[...new Set(reused)].map((name) => ({ kind: "reused" as const, name })), ...releases.map(({ statement_sha256 }) => ({ kind: "released" as const, name: releaseArtifactName(statement_sha256) }))];
}

export function openLineageEdges(store: Store): LineageEdges {
  const rows = store.table<readonly [string, string], typeof Edge>("lineage_edges", Edge);
  return {
    add(name, card) {
      for (const { kind, name: source } of upstreamOf(card)) rows.put([source, name], { kind, to: name });
    },
    from: (name) => [...rows.entries({ start: [name, ""], end: [name, LAST_TEXT], limit: EDGES_READ_MAX })].map(({ value }) => value),
  };
}
