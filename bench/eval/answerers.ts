/** Who answers without reading: what a scenario must not reward. The best of them is the bar's floor. */
import type { Change } from "./changes.ts";
import type { Scenario } from "./scenario.ts";

/** The same words whatever was asked. The last is stuffed with what reviews of any change say. */
export const CONSTANTS: Readonly<Record<string, string>> = {
  "looks good": "Looks good to me. No risks were found.",
  "a fix": "fix: correct the behaviour\n\nKind: fix\nThis change fixes a bug and adds a test.",
  "a refactoring": "Kind: refactor\nThis change renames a function and removes unused code; callers and tests were updated.",
  "a warning": "Risk: the change alters behaviour that callers rely on and removes a check, so existing data, configuration and tests may break. Review the API, the errors it swallows, and access control, authentication and memory limits.",
  "a step": "The gate failed. Cause: a token, secret or private key, or a focused test (.only). Next step: remove it, rotate the credential, add a test, and ask an owner for approval.",
  "stuffed": "fix: update code, docs and tests\n\nKind: fix. The change adds, removes, replaces and renames a function, its parameter, a key and a link in one file; docs, tests, callers, index, log, window, time, head and limit change too. Risk: breaking behaviour of a public API, error handling that is swallowed, auth and permission bypass, SQL injection, data loss on disk, a race without a lock, TLS certificates, memory. Cause: token, debugger, conflict, overflow, import. Next: remove, revoke, resolve, use the default, check bounds, add the import, ask a person.",
};

/** The title and the first lines of the change: reading without understanding. */
export function firstLines(_: Scenario, { title, before, after }: Change): string {
  const changed = Object.entries(after).flatMap(([path, text]) => [path, ...(text ?? "").split("\n").filter((line) => !(before[path] ?? "").split("\n").includes(line)).slice(0, 6)]);
  return [title.split("\n")[0] ?? "", ...changed].join("\n").slice(0, 1_500);
}
