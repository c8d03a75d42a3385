/** Who released what, in one voice for every face. `reason` is a person's text and has to be escaped by the face. */
import type { NamedRelease } from "../../../proto/release.ts";

const SAYS: Readonly<Record<NamedRelease["kind"], string>> = { approve: "approved", override: "OVERRIDDEN" };

export function releaseText({ kind, person, at, expires, proof, reason, rules, log_index, counts }: NamedRelease, escape: (text: string) => string): string {
  const until = expires === null ? "" : `, until ${expires}`;
  const waits = counts ? "" : "; waits for a second person";
  const what = rules.length === 0 ? "" : ` (${rules.join(", ")})`;
  return `${SAYS[kind]} by ${person}${what} at ${at}${until}, proved by ${proof === "uid" ? "user" : "key"}, log ${log_index}: ${escape(reason)}${waits}`;
}
