/** Which releases on record count now, for one head. Pure: it is asked anew for each attempt, so whoever left the table no longer counts. */
import type { NamedRelease, Release, ReleaseKind } from "../../proto/release.ts";
import type { Roster, Submission } from "./roster.ts";

export interface RecordedRelease {
  readonly release: Release;
  readonly log_index: number;
  readonly statement_sha256: string;
}

export interface StandingInput {
  readonly recorded: readonly RecordedRelease[];
  readonly roster: Roster;
  readonly submission: Submission;
  /** People an override needs. */
  readonly persons: number;
  /** Who could have written the host's configuration; null where that is not known. */
  readonly config_owner: number | null;
  readonly now_s: number;
}

export interface Standing {
  readonly counted: readonly RecordedRelease[];
  /** Override of fewer people than it needs: on record, and without effect. */
  readonly waiting: readonly RecordedRelease[];
  readonly ignored: readonly { readonly release: RecordedRelease; readonly because: string }[];
  readonly persons: number;
  /** People of whom a simulation supposes that they saw and approved everything; empty wherever a verdict is made. */
  readonly supposed: readonly string[];
}

export const NOBODY: Standing = { counted: [], waiting: [], ignored: [], persons: 1, supposed: [] };

/** What the submitter could have written proves nothing against the submitter. */
export function forgeable(config_owner: number | null, submitters: readonly number[]): string | null {
  if (config_owner === null) return "who owns the host's configuration is not known";
  const writer = submitters.find((uid) => uid === 0 || uid === config_owner);
  return writer === undefined ? null : `the change was submitted by user ${writer}, who could have written the host's configuration: keys and users in it prove nothing here; let the configuration belong to root and jobs run as another user`;
}

function because({ release: { request, proof } }: RecordedRelease, { roster, submission, now_s }: StandingInput): string | null {
  const person = roster.get(request.person);
  if (person === null) return `${request.person} is no longer among the people`;
  if (!person.may.includes(request.kind)) return `${person.id} may no longer ${request.kind}`;
  if (!roster.stillProves(person, proof)) return `the ${proof.by === "uid" ? "user" : "key"} is no longer ${person.id}'s`;
  if (request.expires !== null && Date.parse(request.expires) <= now_s * 1000) return `it ended at ${request.expires}`;
  const author = roster.authorship(person, submission);
  return author === null ? null : `${person.id} made the change: ${author}`;
}

/** Distinct by name and by proof: one key under two names is one person. */
function people(list: readonly RecordedRelease[]): number {
  const proofs = list.map(({ release: { request, proof } }) => [request.person, proof.by === "uid" ? `uid ${proof.uid}` : proof.fingerprint] as const);
  return Math.min(new Set(proofs.map(([name]) => name)).size, new Set(proofs.map(([, proof]) => proof)).size);
}

export function standingOf(input: StandingInput): Standing {
  const { recorded, persons, config_owner, submission } = input;
  const forged = recorded.length === 0 ? null : forgeable(config_owner, submission.submitters);
  const judged = recorded.map((release) => ({ release, because: forged ?? because(release, input) }));
  const ignored = judged.flatMap(({ release, because: why }) => (why === null ? [] : [{ release, because: why }]));
  const good = judged.filter(({ because: why }) => why === null).map(({ release }) => release);
  const overrides = good.filter(({ release }) => release.request.kind === "override");
  const enough = people(overrides) >= persons;
  return { counted: enough ? good : good.filter((one) => !overrides.includes(one)), waiting: enough ? [] : overrides, ignored, persons, supposed: [] };
}

const named = ({ release: { request, proof, at }, log_index, statement_sha256 }: RecordedRelease, counts: boolean): NamedRelease => ({
  kind: request.kind, person: request.person, at, expires: request.expires, proof: proof.by, reason: request.reason,
  rules: [...new Set(request.reasons.map(({ rule }) => rule))], log_index, statement_sha256, counts,
});

const NAMED_MAX = 64;

/** For card and statement, in the order of the log. */
export function namedReleases({ counted, waiting }: Standing): NamedRelease[] {
  const all = [...counted.map((one) => named(one, true)), ...waiting.map((one) => named(one, false))];
  return all.sort((a, b) => a.log_index - b.log_index || (a.statement_sha256 < b.statement_sha256 ? -1 : 1)).slice(-NAMED_MAX);
}

/** People whose release of this kind counts. */
export const whoReleased = ({ counted, supposed }: Standing, kind: ReleaseKind): string[] => [...new Set([...(kind === "approve" ? supposed : []), ...counted.filter(({ release }) => release.request.kind === kind).map(({ release }) => release.request.person)])];

/** Seconds at which the first release that counts ends; null where none does. */
export function endsAt({ counted }: Standing): number | null {
  const ends = counted.flatMap(({ release: { request } }) => (request.expires === null ? [] : [Date.parse(request.expires) / 1000]));
  return ends.length === 0 ? null : Math.min(...ends);
}
