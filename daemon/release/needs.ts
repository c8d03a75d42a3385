/** Approvals that paths of the change need, and who could still give them. Pure. */
import { sha256 } from "@noble/hashes/sha2.js";
import { canonicalBytes } from "../../proto/canonical.ts";
import type { Reason } from "../../proto/decision.ts";
import { toHex } from "../../proto/encoding.ts";
import type { ApprovalNeed, ApprovalNeeds, PersonEntry } from "../../proto/people.ts";
import { APPROVAL_RULE } from "./marks.ts";
import type { Roster, Submission } from "./roster.ts";

const NAMES_SHOWN_MAX = 12;
const BECAUSE_CHARACTERS_MAX = 1000;

function hold(because: string, mark: string): Reason {
  return { rule: APPROVAL_RULE, check: null, effect: "hold", observed: false, because: because.slice(0, BECAUSE_CHARACTERS_MAX).toWellFormed(), ranges: [], excerpt: null, fingerprints: [mark] };
}

const markOf = (value: { readonly from: readonly string[]; readonly count: number } | string): string => toHex(sha256(canonicalBytes(typeof value === "string" ? value : { from: [...value.from], count: value.count })));

function names(people: readonly PersonEntry[], otherwise: readonly string[]): string {
  const shown = people.length > 0 ? people.map(({ id }) => id) : otherwise;
  const rest = shown.length > NAMES_SHOWN_MAX ? ` and ${shown.length - NAMES_SHOWN_MAX} more` : "";
  return `${shown.slice(0, NAMES_SHOWN_MAX).join(", ")}${rest}`;
}

function unmet(need: ApprovalNeed, approvers: readonly string[], roster: Roster, submission: Submission): Reason[] {
  const qualified = roster.meant(need.from);
  const have = qualified.filter(({ id }) => approvers.includes(id));
  if (have.length >= need.count) return [];
  const could = qualified.filter((person) => !approvers.includes(person.id) && roster.authorship(person, submission) === null);
  const files = need.files === 1 ? need.example : `${need.example} and ${need.files - 1} more`;
  const so_far = have.length === 0 ? "nobody yet" : `so far ${have.map(({ id }) => id).join(", ")}`;
  const who = could.length > 0 ? names(could, []) : `nobody the host configuration lists (asked for: ${names([], need.from)})`;
  return [hold(`${need.count - have.length} of: ${who}; ${so_far}; for ${files}`, markOf(need))];
}

/** A hold for every set of people of whom not enough have approved. */
export function approvalReasons({ needs, unclear }: ApprovalNeeds, approvers: readonly string[], roster: Roster, submission: Submission): Reason[] {
  const unknown = unclear === null ? [] : [hold(`whose approval is needed cannot be told: ${unclear}`, markOf(unclear))];
  return [...unknown, ...needs.flatMap((need) => unmet(need, approvers, roster, submission))];
}
