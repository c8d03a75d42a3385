/** The people of the host configuration: who somebody is, what they may, and whether they wrote the change. Pure. */
import type { Authors, PeopleGroups, PersonEntry } from "../../proto/people.ts";
import type { ReleaseKind, ReleaseProof } from "../../proto/release.ts";
import { redact } from "../checking/redact.ts";
import { loginOf, personOf, personOfLogin, type Keyed, readableAuthors } from "./pseudonyms.ts";
import { parseSshKey, type SshKey } from "../verifier/ssh-key.ts";

export type Presence = Extract<ReleaseProof, { by: "ssh-key" }>["presence"];

/** What a change's submission says of who is behind it. */
export interface Submission {
  readonly authors: Authors;
  /** Users who had the change gated. */
  readonly submitters: readonly number[];
}

export class Roster {
  constructor(
    readonly people: readonly PersonEntry[],
    private readonly groups: PeopleGroups,
    /** Of authors as they are kept; absent where they are only ever read from a change. */
    private readonly keyed?: Keyed,
  ) {}

  get(id: string): PersonEntry | null {
    return this.people.find((person) => person.id === id) ?? null;
  }

  byUid(uid: number): PersonEntry | null {
    return this.people.find(({ uids = [] }) => uids.includes(uid)) ?? null;
  }

  /** The person of a key, and how the key asks for its owner. */
  byKey(key: Pick<SshKey, "fingerprint" | "security_key">): { readonly person: PersonEntry; readonly presence: Presence } | null {
    const person = this.people.find(({ ssh_keys = [] }) => ssh_keys.some((line) => parseSshKey(line)?.fingerprint === key.fingerprint));
    const presence = key.security_key ? "touch" : person?.presence;
    return person === undefined || presence === undefined ? null : { person, presence };
  }

  /** Whether a proof that was good once still is one of this person's. */
  stillProves(person: PersonEntry, proof: ReleaseProof): boolean {
    if (proof.by === "uid") return person.uids?.includes(proof.uid) === true;
    const key = parseSshKey(proof.public_key);
    const found = key === null || key.fingerprint !== proof.fingerprint ? null : this.byKey(key);
    return found?.person.id === person.id && found.presence === proof.presence;
  }

  /** Why this person counts as one of those who made the change, or `null`. */
  authorship({ uids = [], emails = [], logins = [] }: PersonEntry, { authors: kept, submitters }: Submission): string | null {
    const { keyed } = this;
    const authors = keyed === undefined ? { ...kept, complete: kept.complete && kept.keyed === undefined } : readableAuthors(kept, keyed);
    if (!authors.complete) return "not every commit of the change was read, so nobody is known not to have written it";
    // What of an address could be a credential is masked in the list of authors, so it is known by its masked form, too.
    const plain = emails.flatMap((email) => [email.toLowerCase(), redact(email.toLowerCase())]);
    const own = new Set(keyed === undefined ? plain : [...plain, ...plain.map((each) => personOf(each, keyed)), ...logins.map((login) => personOfLogin(login, keyed))]);
    const names = new Set(logins.map((login) => login.toLowerCase()));
    const email = authors.emails.find((each) => own.has(each) || names.has(loginOf(each) ?? ""));
    if (email !== undefined) return "an address of theirs is an author, committer or co-author of it";
    const uid = uids.find((each) => submitters.includes(each));
    return uid === undefined ? null : `user ${uid} had it gated`;
  }

  /** Whether the person is meant by `id`, `group:NAME`, `@login`, `@org/team` or an address. */
  means(source: string, { id, logins = [], emails = [] }: PersonEntry): boolean {
    if (source === id) return true;
    const group = source.startsWith("group:") ? source.slice("group:".length) : source;
    if (Object.hasOwn(this.groups, group) && (source.startsWith("group:") || source.startsWith("@"))) return this.groups[group]?.includes(id) === true;
    if (source.startsWith("@")) return logins.some((login) => `@${login}`.toLowerCase() === source.toLowerCase());
    return emails.some((email) => email.toLowerCase() === source.toLowerCase());
  }

  /** Everybody that one of `from` means and who may do this. */
  meant(from: readonly string[], kind: ReleaseKind = "approve"): PersonEntry[] {
    return this.people.filter((person) => person.may.includes(kind) && from.some((source) => this.means(source, person)));
  }
}
