/** Signing a trust file anew: what the operator's file said before goes on, unless it is changed by name; and what changed is said. */
import { existsSync } from "node:fs";
import { MaestroError } from "../../proto/errors.ts";
import type { TrustedKey } from "../../proto/trust.ts";
import type { Trust } from "../verifier/index.ts";
import { readTrust, rootIn } from "./trust-root.ts";

export interface Previous {
  readonly trust: Trust | null;
  /** Files that another root signed: whoever has a node could else write there what this root would then sign. */
  readonly strangers: readonly string[];
}

/** What this root signed before: the file that stands where the new one is to be, else one that a node publishes in the place of its own; `null` for a first one. */
export function previousTrust(out: string, files: readonly string[], root: string): Previous {
  const nodes = files.map((path) => ({ path, trust: readTrust(path) }));
  const standing = existsSync(out) ? readTrust(out) : null;
  const domain = nodes[0]?.trust.trust_domain;
  if (standing !== null && standing.trust_domain !== domain) throw new MaestroError("trust.malformed", `${out} stands there and is of the trust domain ${standing.trust_domain}, not of ${domain ?? "none"}; name another file with --out`);
  const operators = [...(standing === null ? [] : [{ path: out, trust: standing }]), ...nodes].filter(({ trust }) => !trust.self_made);
  const own = operators.filter(({ path }) => rootIn(path) === root);
  return { trust: own[0]?.trust ?? null, strangers: [...new Set(operators.filter((one) => !own.includes(one)).map(({ path }) => path))] };
}

const ownLines = (trust: Trust): TrustedKey[] => trust.entries.map(({ entry }) => entry).filter(({ role }) => role === "gate" || role === "log");

/** What a line of this key may speak for, as the file said; for a key that it did not name, what it said of all others. Throws `cli.usage` where those differ. */
export function keptScope(previous: Trust, { fingerprint, role }: TrustedKey): Pick<TrustedKey, "modes" | "repository_ids"> {
  const lines = ownLines(previous);
  const same = lines.find((line) => line.fingerprint === fingerprint && line.role === role);
  const [scope, ...others] = same === undefined ? [...new Map(lines.map(({ modes, repository_ids }) => [JSON.stringify([modes, repository_ids]), { modes, repository_ids }])).values()] : [same];
  if (scope === undefined || others.length > 0) throw new MaestroError("cli.usage", `${fingerprint} is new, and the keys in the file before differ in what they may speak for; say --modes and --repositories`);
  return { modes: scope.modes, repository_ids: scope.repository_ids };
}

const described = (trust: Trust): Map<string, string> => new Map([
  ...trust.entries.map(({ entry: { role, fingerprint, name, modes, repository_ids } }): [string, string] => [`${role} ${name ?? fingerprint}`, role === "witness" ? "" : `modes ${modes.join(" ")}, repositories ${repository_ids.join(" ")}`]),
  ["quorum", String(trust.witnesses.quorum ?? "none")],
]);

/** One line for whatever the new file says otherwise; ends of time aside, which every signing moves. */
export function changesOf(previous: Trust, next: Trust): string[] {
  const [before, after] = [described(previous), described(next)];
  const gone = [...before].filter(([what]) => !after.has(what)).map(([what]) => `no more   ${what}`);
  const other = [...after].flatMap(([what, says]) => (!before.has(what) ? [`new       ${what} ${says}`] : before.get(what) === says ? [] : [`changed   ${what}: ${before.get(what) ?? ""} -> ${says}`]));
  return [...gone, ...other].map((line) => line.trimEnd());
}
