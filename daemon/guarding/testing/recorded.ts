/** Events that a daemon's own guards were asked about, as they came, so that they can be asked again. */
import type { Fields, Guards } from "../guards.ts";

export interface RecordedEvent {
  readonly event: string;
  readonly fields: Fields;
  readonly old: Fields | undefined;
}

/** Writes down every event that some rule is about, and asks as before. */
export function recording(guards: Guards): readonly RecordedEvent[] {
  const events: RecordedEvent[] = [];
  const check = guards.check;
  const listening = (event: string, fields: Fields, old?: Fields): void => {
    if (guards.live(event)) events.push({ event, fields, old });
    check(event, fields, old);
  };
  Object.defineProperty(guards, "check", { value: listening });
  return events;
}

/** Events whose rules, freshly compiled, do not hold; `rules` are all that were asked. */
export function replayed(events: readonly RecordedEvent[], guards: Guards): { readonly tripped: readonly string[]; readonly rules: ReadonlySet<string> } {
  const tripped: string[] = [];
  const rules = new Set<string>();
  for (const { event, fields, old } of events) {
    for (const { id } of guards.of(event)) rules.add(id);
    tripped.push(...guards.judge(event, fields, old).map(({ id, message }) => `${event}: ${id}: ${message}`));
  }
  return { tripped, rules };
}
