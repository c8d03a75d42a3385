/** A run in words: what came of it, and what it could not tell. Names and messages in them are others' text, to be made visible by whoever shows them. */
import { STUDIO_LIMITS } from "../limits.ts";
import type { Ran } from "./protocol.ts";

const NUMBERS = new Intl.NumberFormat("en");
export const grouped = (count: number): string => NUMBERS.format(count);

const times = (count: number): string => (count === 1 ? "once" : `${grouped(count)} times`);
const plural = (count: number, one: string): string => `${grouped(count)} ${one}${count === 1 ? "" : "s"}`;

/** What is missing breaks a rule, and a rule that means something else asks for it first. */
function missingOf({ missing, fired }: Ran): string {
  return missing.map(({ name, events }) => ` ${fired === 1 ? "That is" : events === fired ? "All of them are" : events === 1 ? "One of them is" : `${grouped(events)} of them are`} because ${name} is missing: ask has(${name}) first if that is to be allowed.`).join("");
}

const oneOf = (names: readonly string[]): string => (names.length > 1 ? `${names.slice(0, -1).join(", ")} or ${names.at(-1) ?? ""}` : (names[0] ?? ""));

/** A rule about something else than what was recorded: both by their names, or nobody sees which of the two is meant otherwise. */
function instead({ lacking, kinds, kinds_total }: Ran): string {
  const shown = kinds.map(({ name, events }) => `${name} ${times(events)}`);
  const more = kinds_total - kinds.length;
  return ` It has no ${oneOf(lacking.slice(0, STUDIO_LIMITS.kinds_shown_max))}; it has ${more === 0 ? shown.join(", ") : `${shown.join(", ")} and ${plural(more, "other kind")}`}.`;
}

/** Of nothing that was asked nothing is known: that a rule did not fire says something only where it was asked. */
export function headline(ran: Ran, name: string): string {
  const { fired, events, about, violations, window, wrong } = ran;
  if (events === 0) return wrong === 0 ? `Nothing could be asked: there is no event in ${name}.` : `Nothing could be asked: ${wrong === 1 ? `the only line of ${name} is no event` : `none of the ${plural(wrong, "line")} of ${name} is an event`}.`;
  if (about === 0) return `Nothing could be asked: ${events === 1 ? `the only event of ${name} is none` : `none of the ${plural(events, "event")} of ${name} is one`} that the rule is about.${instead(ran)}`;
  return `${fired === 0 ? "It would not have fired" : `It would have fired ${times(fired)}`} in ${plural(events, "event")}${window === null ? "" : `, from ${window.from} to ${window.to}`}${violations > fired ? ` (${grouped(violations)} conditions broken)` : ""}.${missingOf(ran)}`;
}

/** After a headline: what the daemon recorded since is not in it. */
export const asRead = (ms: number): string => ` As read at ${new Date(ms).toISOString().slice(11, 16)} UTC.`;

/** What the run could not tell of, and what it did not look at: silence would be taken for "nothing". */
export function remarks({ about, lacking, wrong, wrong_lines, left_out, formulas, untold }: Ran): string[] {
  const lines = wrong_lines.map(({ line, said }) => `line ${grouped(line)}: ${said}`);
  const all: string[] = [];
  // Where it is about none of them the headline says so.
  if (about > 0 && lacking.length > 0) all.push(`The rule is about ${oneOf(lacking.slice(0, STUDIO_LIMITS.kinds_shown_max))}, too, and no event is one: of that nothing was asked. Was it recorded?`);
  if (wrong > 0) all.push(`${wrong === 1 ? "1 line is no event and was" : `${grouped(wrong)} lines are no events and were`} not asked: ${lines.join("; ")}${wrong > lines.length ? "; and more" : ""}`);
  if (left_out === null) all.push("The recording goes on past the limit; its rest was not looked at.");
  else if (left_out > 0) all.push(`${plural(left_out, "more event")} ${left_out === 1 ? "was" : "were"} not looked at, past the limit.`);
  for (const { path, verdict, why, open } of formulas) {
    if (verdict === "open") all.push(`${path}: ${times(open)} something still has time left where the recording ends.`);
    else if (verdict === "not_asked") all.push(`${path} was not asked: ${why ?? ""}`);
  }
  if (untold.length > 0) all.push(`Of ${grouped(untold.length)} more nothing can be told: ${untold[0]?.message ?? ""}`);
  return all;
}
