/** Releases of one head: read from the store before a change is judged, counted once its facts are known. */
import { parseCanonical } from "../../../proto/canonical.ts";
import { sha256 } from "@noble/hashes/sha2.js";
import { ReleaseStatement, SigstoreBundle } from "../../../proto/attestation.ts";
import type { Reason } from "../../../proto/decision.ts";
import { fromBase64, toHex } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { FactsReply } from "../../../proto/worker.ts";
import type { Host } from "../../config/host.ts";
import { lazyCheck } from "../../platform/lazy-check.ts";
import { approvalReasons, forgeable, NOBODY, Roster, standingOf, whoReleased, type RecordedRelease, type Standing } from "../../release/index.ts";
import type { Keyed } from "../../release/pseudonyms.ts";
import type { Artifacts } from "../../store/artifacts.ts";
import { perhapsNamed, type Gates } from "../../store/gates.ts";
import type { ReleasePlace, ReleaseTable } from "../../store/releases.ts";

export type PeopleOf = Pick<Host, "people" | "groups" | "override"> & { readonly keyed?: Keyed | undefined };

export interface ShelfDeps {
  readonly host: PeopleOf;
  readonly releases: ReleaseTable;
  readonly artifacts: Artifacts;
  readonly gates: Gates;
  /** The user who owns the host's configuration file; null where that cannot be told. */
  readonly config_owner: () => number | null;
  /** By which authors are known again as they are kept. */
  readonly keyed?: Keyed;
  readonly now_s: () => number;
  readonly warn: (what: string, error: unknown) => void;
}

/** What a judge is told of releases, as it was when the attempt began. */
export interface OnRecord {
  readonly recorded: readonly RecordedRelease[];
  readonly submitters: readonly number[];
  readonly config_owner: number | null;
  readonly now_s: number;
  /** What is on record of another head. */
  readonly carried: (head: string) => Promise<Pick<OnRecord, "recorded" | "submitters">>;
  /** Of a simulation alone. */
  readonly suppose?: readonly string[];
}

const LIMITS = { bytes_max: 4 * 1024 * 1024, depth_max: 24 };
const isBundle = lazyCheck(SigstoreBundle);
const isStatement = lazyCheck(ReleaseStatement);

/** The release in a bundle that this daemon logged; `null` where the bytes are none. */
function releaseIn(bytes: Uint8Array, statement_sha256: string): RecordedRelease["release"] | null {
  const bundle: unknown = parseCanonical(bytes, LIMITS);
  const payload = isBundle().Check(bundle) ? fromBase64(bundle.dsseEnvelope.payload) : null;
  if (payload === null || toHex(sha256(payload)) !== statement_sha256) return null;
  const statement: unknown = parseCanonical(payload, LIMITS);
  return isStatement().Check(statement) ? statement.predicate : null;
}

export class ReleaseShelf {
  constructor(readonly deps: ShelfDeps) {}

  get roster(): Roster {
    return new Roster(this.deps.host.people, this.deps.host.groups, this.deps.keyed);
  }

  /** Changes with every release of the place, so that two runs before and after one are never taken for the same. */
  mark(place: ReleasePlace): string {
    return this.deps.releases.of(place).map(({ log_index }) => log_index).join(",");
  }

  /** Everybody who had this head gated. */
  submitters({ repo_id, head }: Pick<ReleasePlace, "repo_id" | "head">): number[] {
    const { gates } = this.deps;
    const newest = perhapsNamed(gates, [head]).filter((row) => row.repo_id === repo_id && row.head === head).map(({ owner_uid }) => owner_uid);
    return [...new Set([...gates.submitters(repo_id, head), ...newest])];
  }

  /** `submitter` asks for the attempt that is about to be made. A release whose statement is gone or damaged is none. */
  async onRecord(place: ReleasePlace, submitter: number): Promise<OnRecord> {
    const { config_owner, now_s } = this.deps;
    const submitters = (of: ReleasePlace): number[] => [...new Set([submitter, ...this.submitters(of)])];
    const carried = async (head: string): Promise<Pick<OnRecord, "recorded" | "submitters">> => ({ recorded: await this.recorded({ ...place, head }), submitters: submitters({ ...place, head }) });
    return { recorded: await this.recorded(place), submitters: submitters(place), config_owner: config_owner(), now_s: now_s(), carried };
  }

  private async recorded(place: ReleasePlace): Promise<RecordedRelease[]> {
    const { releases, artifacts, warn } = this.deps;
    const recorded: RecordedRelease[] = [];
    for (const { log_index, statement_sha256, bundle } of releases.of(place)) {
      const bytes = await artifacts.blobs.get(bundle);
      const release = bytes === undefined ? null : releaseIn(bytes, statement_sha256);
      if (release === null) warn("a release on record cannot be read and does not count", new MaestroError("store.corrupt", `the release of log entry ${log_index}`));
      else recorded.push({ release, log_index, statement_sha256 });
    }
    return recorded;
  }
}

/** With what was released of the member that this head only carries to the target's tip. */
export async function withMember(given: OnRecord | undefined, { member }: Pick<FactsReply, "member">): Promise<OnRecord | undefined> {
  if (given === undefined || member === undefined) return given;
  const { recorded, submitters } = await given.carried(member);
  return { ...given, recorded: [...given.recorded, ...recorded], submitters: [...new Set([...given.submitters, ...submitters])] };
}

/** Says on the card whose releases count for a head that nobody was asked about. */
export function carriedWords({ member }: Pick<FactsReply, "member">, { counted }: Standing): string[] {
  const carries = member !== undefined && counted.some(({ release }) => release.request.head === member);
  return carries ? [`this commit is what git makes of ${member.slice(0, 12)} and the target's tip: what people released of that one is released here`] : [];
}

/** What counts, and whose approval is still wanted. In a replay nobody is asked: who had approved a change of the past is not known. */
export function releasesFor({ people, groups, override, keyed }: PeopleOf, given: OnRecord | undefined, { authors, approvals }: Pick<FactsReply, "authors" | "approvals">): { readonly releases: Standing; readonly approvals: readonly Reason[] } {
  if (given === undefined) return { releases: NOBODY, approvals: [] };
  const roster = new Roster(people, groups, keyed);
  const submission = { authors, submitters: given.submitters };
  const standing = standingOf({ ...given, roster, submission, persons: override.persons });
  const releases = given.suppose === undefined ? standing : { ...standing, supposed: given.suppose.filter((id) => whyNotSupposed(roster, id, given, submission) === null) };
  return { releases, approvals: approvalReasons(approvals, whoReleased(releases, "approve"), roster, submission) };
}

/** Why an approval of this person would not count. */
export function whyNotSupposed(roster: Roster, id: string, { config_owner, submitters }: OnRecord, submission: { readonly authors: FactsReply["authors"]; readonly submitters: readonly number[] }): string | null {
  const person = roster.get(id);
  if (person === null) return `${id} is not among the people of the host configuration`;
  if (!person.may.includes("approve")) return `${id} may not approve`;
  return forgeable(config_owner, submitters) ?? roster.authorship(person, submission);
}
