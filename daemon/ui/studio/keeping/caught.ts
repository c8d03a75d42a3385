/** A rule to begin with that would have caught a card: the card's own event is the example that breaks it, and decided otherwise the one that holds. */
import type { CardRow } from "../../../../proto/cards.ts";
import { CHANGE_DECIDED, changeDecided } from "../../../../proto/change-decided.ts";
import { knownEvents, written } from "../../../invariants/index.ts";

const MICROS = 1_000_000n;

/** As an example writes it: money in dollars, numbers beyond 2^53 in quotes. */
function exampleOf(name: string, value: unknown): unknown {
  if (name !== "cost" || (typeof value !== "number" && typeof value !== "bigint")) return typeof value === "bigint" ? String(value) : value;
  const micros = BigInt(value);
  return `${micros < 0n ? "-" : ""}$${(micros < 0n ? -micros : micros) / MICROS}.${String((micros < 0n ? -micros : micros) % MICROS).padStart(6, "0").replace(/0{1,4}$/, "")}`;
}

export function ruleThatCaught(row: CardRow): string {
  const fields = knownEvents([]).about[CHANGE_DECIDED]?.fields ?? {};
  // What a stranger wrote does not go into a file of rules.
  const event = Object.fromEntries(Object.entries(changeDecided(row)).filter(([name]) => fields[name]?.tainted === false).map(([name, value]) => [name, exampleOf(name, value)]));
  const { verdict, actor, files } = row;
  const other = verdict === "admit" ? "hold" : "admit";
  return written({
    id: "TEAM.CHANGE.CAUGHT",
    scope: "change",
    severity: "medium",
    rationale: "Say here what must not happen again.",
    when: [{ event: CHANGE_DECIDED }],
    assert: [{ expr: `decision != '${verdict}' || actor != '${actor.class}' || files < ${files}`, message: "{{gate_id}} changes {{files}} files" }],
    examples: { holds: { with: { ...event, decision: other } }, breaks: { with: event } },
  });
}
