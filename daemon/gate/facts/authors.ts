/** Everybody a change's commits name as having written it. Names only add refusals: whoever stands here may not release the change. */
import type { Authors } from "../../../proto/people.ts";
import { redact } from "../../checking/redact.ts";
import type { AuthoredCommit } from "./actor.ts";

const EMAILS_MAX = 5_000;
const EMAIL_CHARACTERS_MAX = 400;
/** Anywhere in the message, not only among its trailers: a co-author line that git does not take for a trailer is still one to a reader. */
const CO_AUTHOR = /^[ \t>]*(?:co-authored-by|on-behalf-of|signed-off-by)[ \t]*:[^<\n]{0,300}<([^<>\n]{1,300})>/gim;

/** `complete` is what the caller knows of the list of commits. */
export function authorsOf(commits: readonly AuthoredCommit[], complete: boolean): Authors {
  const emails = new Set<string>();
  for (const { commit, message } of commits) {
    const named = [...message.matchAll(CO_AUTHOR)].map((match) => match[1] ?? "");
    for (const email of [commit.author.email, commit.committer.email, ...named]) emails.add(redact(email.trim().toLowerCase()).slice(0, EMAIL_CHARACTERS_MAX));
  }
  emails.delete("");
  return { emails: [...emails].slice(0, EMAILS_MAX), complete: complete && emails.size <= EMAILS_MAX };
}
