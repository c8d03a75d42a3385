/** Remotes and branches of the operator table: what may stand there, and how a clone's origin is recognised. Pure text; nothing is opened. */

/** How a remote may be reached. Each is the operator's explicit choice: `git` and `http` prove nothing about who answers. */
const SCHEMES = ["https", "ssh", "git", "http", "file"] as const;
export type RemoteScheme = (typeof SCHEMES)[number];

export interface Remote {
  readonly scheme: RemoteScheme;
  /** `host/owner/name` for a server, the absolute path for `file`. */
  readonly name: string;
}

const URL_FORM = /^([a-z]+):\/\/([^/?#]*)(\/[^?#]*)$/;
const HOST = /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?$/;
const SSH_USER = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}$/;
const PATH = /^\/[A-Za-z0-9._~/+@%-]+$/;

/** The parts of a remote, or why it is none. No user or password stands in it, except the user of ssh; no query, no fragment. */
export function parseRemote(url: string): Remote | string {
  const [, word = "", authority = "", path = ""] = URL_FORM.exec(url) ?? [];
  const scheme = SCHEMES.find((known) => known === word);
  if (scheme === undefined) return `a URL that starts with one of ${SCHEMES.map((known) => `${known}://`).join(" ")} is expected`;
  if (!PATH.test(path) || path.split("/").some((part) => part === "." || part === "..")) return "its path is not a plain one";
  if (scheme === "file") return authority === "" ? { scheme, name: trimmed(path) } : "a file remote names no host: file:///absolute/path";
  const at = authority.lastIndexOf("@");
  const user = at < 0 ? null : authority.slice(0, at);
  if (user !== null && (scheme !== "ssh" || !SSH_USER.test(user))) return "it names a user or password; credentials stand in credential_file";
  const host = authority.slice(at + 1).toLowerCase();
  if (!HOST.test(host)) return "its host is not a plain name or address";
  return { scheme, name: `${host}/${trimmed(path).replace(/^\/+/, "")}` };
}

const trimmed = (path: string): string => path.replace(/\/+$/, "").replace(/\.git$/, "");

/** The same name from a clone's origin, in any form git takes; null where it names nothing. `https://user:pw@Host:8443/a/b.git/`, `git@host:a/b.git`, `/srv/a.git`. */
export function originName(url: string): string | null {
  const file = /^(?:file:\/\/)?(\/.+)$/.exec(url)?.[1];
  if (file !== undefined) return trimmed(file);
  const full = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/@]*@)?([^/@]+)\/+(.*)$/i.exec(url);
  const scp = full === null ? /^(?:[^/@]+@)?([^/:@]+):(?!\/\/)(.*)$/.exec(url) : null;
  const [, host, path] = full ?? scp ?? [];
  if (host === undefined || path === undefined) return null;
  const name = trimmed(path.replace(/[?#].*$/, "").replace(/^\/+/, ""));
  return name === "" ? null : `${host.toLowerCase()}/${name}`;
}

/** A branch in git's own sense (git-check-ref-format), by its full name, of harmless characters only: it goes onto command lines and into files. */
export function isBranchRef(ref: string): boolean {
  if (ref.length > 255 || !/^refs\/heads\/[A-Za-z0-9._/+@=,#-]+$/.test(ref) || ref.includes("..") || ref.includes("@{") || ref.endsWith(".")) return false;
  return ref.split("/").every((part) => part !== "" && !part.startsWith(".") && !part.startsWith("-") && !part.endsWith(".lock"));
}

/** The full name of a ref that may be given by a branch's short one. Read once and never again: `refs/heads/main` can be the short name of a branch too. */
export const branchRef = (name: string): string => (name.startsWith("refs/") ? name : `refs/heads/${name}`);

/** A branch, or a prefix of branches with one `*` at its end: `refs/heads/release/*`. */
export const isTargetPattern = (pattern: string): boolean => isBranchRef(pattern.endsWith("*") ? `${pattern.slice(0, -1)}x` : pattern);

export function isTarget(patterns: readonly string[], ref: string): boolean {
  return isBranchRef(ref) && patterns.some((pattern) => (pattern.endsWith("*") ? ref.startsWith(pattern.slice(0, -1)) && ref.length >= pattern.length : ref === pattern));
}
