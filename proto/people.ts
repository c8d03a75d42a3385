/** Who may release what the gate holds: people, groups of them, and whose approval a path needs. Host configuration; `ApprovalRule` also in maestro.yaml. */
import { Type, type Static } from "@sinclair/typebox";
import { Choice, Closed, Count } from "./scalar.ts";

/** Begins with a letter, so that it is never taken for a uid. */
export const PersonId = Type.String({ pattern: "^[a-z][a-z0-9._-]{0,62}$", description: "name of a person: lower-case letters, digits, dots, dashes" });

/** An OpenSSH public key as `ssh-keygen` writes it: type, base64, comment. */
const SshKeyLine = Type.String({ pattern: "^(?:ssh-ed25519|ecdsa-sha2-nistp256|sk-ssh-ed25519@openssh\\.com|sk-ecdsa-sha2-nistp256@openssh\\.com) [A-Za-z0-9+/]+={0,2}(?: [ -~]{0,200})?$", maxLength: 2000 });

export const PersonEntry = Closed({
  id: PersonId,
  uids: Type.Optional(Type.Array(Count, { maxItems: 64, description: "users that are this person and nobody's job" })),
  ssh_keys: Type.Optional(Type.Array(SshKeyLine, { maxItems: 32, description: "public keys; those of security keys (sk-…) show presence themselves, for others `presence` must be said" })),
  logins: Type.Optional(Type.Array(Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9-]{0,99}$" }), { maxItems: 32, description: "names at code hosts, as in CODEOWNERS without the @" })),
  emails: Type.Optional(Type.Array(Type.String({ pattern: "^[^\\s<>@]{1,200}@[^\\s<>@]{1,200}$" }), { maxItems: 64, description: "addresses this person commits under" })),
  may: Type.Array(Choice(["approve", "override"]), { minItems: 1, maxItems: 2, description: "approve: release holds; override: break the glass" }),
  presence: Type.Optional(Choice(["passphrase", "confirm"], { description: "what makes the person's other keys ask for the person: a passphrase, or ssh-add -c" })),
});
export type PersonEntry = Static<typeof PersonEntry>;

/** A name of the house, or a code host's team as CODEOWNERS writes it. */
const GroupId = Type.String({ pattern: "^(?:[a-z][a-z0-9._-]{0,62}|@[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9][A-Za-z0-9._/-]{0,200})$" });
export const PeopleGroups = Type.Record(GroupId, Type.Array(PersonId, { minItems: 1, maxItems: 256 }), { additionalProperties: false });
export type PeopleGroups = Static<typeof PeopleGroups>;

export const ApprovalSource = Type.String({ pattern: "^(?:codeowners|group:[^\\s:]{1,255}|[a-z][a-z0-9._-]{0,62})$", description: "codeowners, group:NAME, or a person's id" });
export const ApprovalRule = Closed({
  paths: Type.Array(Type.String({ minLength: 1, maxLength: 512 }), { minItems: 1, maxItems: 64, description: "globs; a plain name is that file or everything below that folder" }),
  from: Type.Array(ApprovalSource, { minItems: 1, maxItems: 64 }),
  count: Type.Integer({ minimum: 1, maximum: 16, description: "distinct people who must have approved this head" }),
});
export type ApprovalRule = Static<typeof ApprovalRule>;
export const ApprovalRules = Type.Array(ApprovalRule, { maxItems: 64 });
export type ApprovalRules = Static<typeof ApprovalRules>;

export const OverrideRule = Closed({
  persons: Type.Integer({ minimum: 1, maximum: 4, default: 1, description: "distinct people an override needs" }),
  expires_s_max: Type.Integer({ minimum: 60, maximum: 2_678_400, default: 86_400, description: "longest an override may hold" }),
});
export type OverrideRule = Static<typeof OverrideRule>;

/** Who wrote a change, as its commits say: everything that could name a person. */
export const Authors = Closed({
  emails: Type.Array(Type.String({ maxLength: 400 }), { maxItems: 5_000, description: "lower case; of authors, committers and co-authors" }),
  keyed: Type.Optional(Type.String({ pattern: "^[0-9a-f]{20}$", description: "the emails are keyed digests, and this names the key; absent: plain addresses, of a change in work or of a reply from before" })),
  complete: Type.Boolean({ description: "false: some commit or trailer was not read, so nobody is known not to be among them" }),
});
export type Authors = Static<typeof Authors>;

/** What one set of changed files needs. `from` holds persons' ids, `group:NAME`, and owners as CODEOWNERS writes them. */
export const ApprovalNeed = Closed({
  from: Type.Array(Type.String({ maxLength: 512 }), { minItems: 1, maxItems: 256 }),
  count: Type.Integer({ minimum: 1, maximum: 1000 }),
  files: Count,
  example: Type.String({ maxLength: 300, description: "one of the files; text of the change" }),
});
export type ApprovalNeed = Static<typeof ApprovalNeed>;

export const ApprovalNeeds = Closed({
  needs: Type.Array(ApprovalNeed, { maxItems: 64 }),
  unclear: Type.Union([Type.String({ maxLength: 1000 }), Type.Null()], { description: "why it cannot be told whose approval is needed" }),
});
export type ApprovalNeeds = Static<typeof ApprovalNeeds>;
