import { DEFAULT_SOURCE } from "../../../../proto/sbom.ts";

/** What one line-up of a lock file says about one package. */
export interface LockEntry {
  readonly name: string;
  readonly version: string;
  /** Comparable origin (`sourceOf`); null for what lies in the repository itself. */
  readonly source: string | null;
  /** Every digest stated for it, as written. */
  readonly integrity: readonly string[];
  /** The lock says that installing it runs a script of it. */
  readonly installs: boolean;
}

export type Lock = { readonly entries: readonly LockEntry[] } | { readonly broken: string };

export { DEFAULT_SOURCE };

/** Origin of a package whose lock states an address that is none: it is not the repository's own, and who it comes from cannot be told. */
const UNREAD_SOURCE = "an address that cannot be read";

const LOCAL = /^(?:file|link|portal|workspace|path|catalog|npm|patch|exec|builtin|virtual|editable):|^\.{0,2}\/|^[~*^<>=]|^[0-9]/;
const HOSTED = /^(github|gitlab|bitbucket|gist|sourcehut):([^/#\s]{1,200})/;
const SSH = /^(?:git\+)?(?:ssh:\/\/)?(?:[\w.-]{1,64}@)([^:/\s]{1,255})[:/]([^/\s]{1,200})\//;
/** `owner/repo`, npm's short form for GitHub. */
const SHORTHAND = /^([\w.-]{1,100})\/[\w.-]{1,100}(?:#.{0,200})?$/;

/**
 * Where a locked address leads, as far as trust goes: the host of a registry,
 * host and owner where anyone can open an account. `registry_shaped` tells a
 * registry's download path from an archive that merely lies on a host.
 */
export function sourceOf(address: string, registryShaped: (path: string) => boolean): string | null {
  const text = address.trim();
  const hosted = HOSTED.exec(text);
  if (hosted !== null) return `git ${hosted[1]}/${hosted[2]?.toLowerCase()}`;
  if (LOCAL.test(text) || text === "") return null;
  const ssh = SSH.exec(text);
  if (ssh !== null && !/^https?:/.test(text)) return `git ${ssh[1]?.toLowerCase()}/${ssh[2]?.toLowerCase()}`;
  const bare = text.replace(/^(?:git|hg|svn|bzr|registry|sparse|direct|url|archive)\+/, "");
  if (URL.canParse(bare)) {
    const url = new URL(bare);
    const owner = url.pathname.split("/")[1]?.toLowerCase() ?? "";
    const plain = url.protocol === "http:" ? "http://" : "";
    if (bare !== text && /^(?:git|hg|svn|bzr)\+/.test(text)) return `git ${plain}${url.host}/${owner}`;
    if (/^git:$/.test(url.protocol) || /\.git$/.test(url.pathname)) return `git ${plain}${url.host}/${owner}`;
    if (url.protocol === "https:" || url.protocol === "http:") return registryShaped(url.pathname) ? `${plain}${url.host}` : `archive ${plain}${url.host}/${owner}`;
    return `${url.protocol}//${url.host}`;
  }
  const shorthand = SHORTHAND.exec(text);
  return shorthand === null ? null : `git github/${shorthand[1]?.toLowerCase()}`;
}

const IN_REPOSITORY = /^(?:file|link|portal|workspace):|^\.{0,2}\//;

/** `sourceOf` of what a lock states as the address of a package: empty is the default registry, and only a path within the repository is nobody's. */
export function lockedSource(address: string, registryShaped: (path: string) => boolean): string | null {
  const text = address.trim();
  if (text === "") return DEFAULT_SOURCE;
  return sourceOf(text, registryShaped) ?? (IN_REPOSITORY.test(text) ? null : UNREAD_SOURCE);
}

/** npm registries serve `/<name>/-/<file>.tgz`. */
export const npmShaped = (path: string): boolean => path.includes("/-/") || !path.includes(".");
export const anyShaped = (): boolean => true;

/** `@scope/name@rest` or `name@rest` at its separating at-sign. */
export function splitSpec(spec: string): { readonly name: string; readonly rest: string } {
  const at = spec.indexOf("@", 1);
  return at === -1 ? { name: spec, rest: "" } : { name: spec.slice(0, at), rest: spec.slice(at + 1) };
}
