/** What the schema cannot say of people: that two names are not one person, and that a key is one and asks for its owner. */
import type { HostConfig } from "../../proto/config.ts";
import type { PersonEntry } from "../../proto/people.ts";
import { parseSshKey } from "../verifier/ssh-key.ts";
import type { Problem } from "./problem.ts";

const SHARED = ["uids", "logins", "emails"] as const;

/** What only one person may have, each as one word. A key counts by itself, whatever comment stands behind it. */
function marksOf(person: PersonEntry): (readonly [field: string, mark: string])[] {
  const plain = SHARED.flatMap((field) => (person[field] ?? []).map((value) => [field, `${field} ${String(value).toLowerCase()}`] as const));
  const keys = (person.ssh_keys ?? []).map((line) => ["ssh_keys", `key ${parseSshKey(line)?.fingerprint ?? line}`] as const);
  return [...plain, ...keys];
}

function keyProblem({ ssh_keys = [], presence }: PersonEntry): string | null {
  for (const line of ssh_keys) {
    const key = parseSshKey(line);
    if (key === null) return `${line.slice(0, 60)} is no key that is taken here: ed25519, ecdsa P-256, or either in a security key (sk-…)`;
    if (!key.security_key && presence === undefined) return "a key outside a security key needs `presence: passphrase` or `presence: confirm` beside it: what makes it ask for its owner";
  }
  return null;
}

/** The first contradiction, or null. */
export function peopleProblem({ people = [], groups = {}, override }: Pick<HostConfig, "people" | "groups" | "override">): Problem | null {
  const owners = new Map<string, string>();
  for (const [i, person] of people.entries()) {
    const at = (field: string, because: string): Problem => ({ path: ["people", String(i), field], because });
    if (people.findIndex(({ id }) => id === person.id) < i) return at("id", `${person.id} stands there twice`);
    const wrong = keyProblem(person);
    if (wrong !== null) return at("ssh_keys", wrong);
    for (const [field, mark] of marksOf(person)) {
      const other = owners.get(mark);
      if (other !== undefined && other !== person.id) return at(field, `${other} has the same: two names of one person would count as two people`);
      owners.set(mark, person.id);
    }
  }
  for (const [name, members] of Object.entries(groups)) {
    const lost = members.find((id) => !people.some((person) => person.id === id));
    if (lost !== undefined) return { path: ["groups", name], because: `there is no person ${lost}` };
  }
  const breakers = people.filter(({ may }) => may.includes("override")).length;
  if (override !== undefined && override.persons !== undefined && override.persons > 1 && breakers < override.persons) {
    return { path: ["override", "persons"], because: `an override needs ${override.persons} people, and ${breakers} may override` };
  }
  return null;
}
