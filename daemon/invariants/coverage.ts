/** How much of what is critical has a rule that is live there; computed, never typed in. */
import type { InvariantDocument } from "../../proto/invariant.ts";

/** Ids of its rules; or why it is not critical, as with what is made again from other tables; or why it is critical and no rule is about it yet. */
export type Cover = readonly string[] | { readonly derived: string } | { readonly open: string };

export interface Flow {
  readonly name: string;
  readonly cover: Cover;
  /** Events that come from there. */
  readonly events: readonly string[];
}

export interface Coverage {
  /** Critical flows. */
  readonly critical: number;
  readonly guarded: number;
  /** Of those, how many by such rules alone as are asked of more than a quarter of all flows, whatever they do. */
  readonly generic: number;
  readonly open: readonly { readonly name: string; readonly because: string }[];
  /** Rows that say what is not so: a rule that does not ship, or is about nothing that happens there. */
  readonly wrong: readonly string[];
}

const GENERIC_PARTS = 4;
const isIds = (cover: Cover): cover is readonly string[] => Array.isArray(cover);

export function coverageOf(flows: readonly Flow[], documents: readonly Pick<InvariantDocument, "id" | "when">[]): Coverage {
  const about = new Map(documents.map(({ id, when }) => [id, when.map(({ event }) => event)]));
  const wrong = flows.flatMap(({ name, cover, events }) => {
    if (!isIds(cover)) return [];
    if (cover.length === 0) return [`${name}: names no rule`];
    return cover.flatMap((id) => {
      const on = about.get(id);
      if (on === undefined) return [`${name}: there is no rule ${id}`];
      return on.some((event) => events.includes(event)) ? [] : [`${name}: ${id} is about ${on.join(", ")}, which does not happen there`];
    });
  });
  const asked = new Map<string, number>();
  for (const { cover } of flows) if (isIds(cover)) for (const id of cover) asked.set(id, (asked.get(id) ?? 0) + 1);
  const everywhere = (id: string): boolean => (asked.get(id) ?? 0) * GENERIC_PARTS > flows.length;
  const generic = flows.filter(({ cover }) => isIds(cover) && cover.length > 0 && cover.every(everywhere)).length;
  const critical = flows.filter(({ cover }) => isIds(cover) || "open" in cover);
  const open = critical.flatMap(({ name, cover }) => ("open" in cover ? [{ name, because: cover.open }] : []));
  return { critical: critical.length, guarded: critical.length - open.length, generic, open, wrong };
}
