import { readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { originName } from "../../proto/remote.ts";

const CONFIG_BYTES_MAX = 1024 * 1024;
const NAME_CHARS_MAX = 400;
const SECTION = /^\s*\[\s*([A-Za-z0-9.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]/;
const URL_LINE = /^\s*url\s*=\s*(.*?)\s*$/i;

/**
 * What the repository is called: `host/owner/name` of its origin, without user or password, or the name of its folder. Read from
 * the configuration file as text, because `git config` would follow includes. It is a claim, nothing is decided by it.
 */
export function repositoryName(common_dir: string): string {
  const url = originUrl(common_dir);
  const name = (url === null ? null : nameOfUrl(url)) ?? folderName(common_dir);
  const safe = name.replace(/[\u0000-\u0020\u007f]/g, "-").slice(0, NAME_CHARS_MAX);
  return safe === "" ? "repository" : safe;
}

/** `host[:port]/owner/name` of a URL in any form git takes; null for a local path. */
export function nameOfUrl(url: string): string | null {
  return url.startsWith("/") || /^file:/i.test(url) ? null : originName(url);
}

/** What the clone calls its origin; null where it has none. */
export function originUrl(common_dir: string): string | null {
  const path = join(common_dir, "config");
  if (!(statSync(path, { throwIfNoEntry: false })?.isFile() ?? false)) return null;
  let inOrigin = false;
  for (const line of readFileSync(path, "utf8").slice(0, CONFIG_BYTES_MAX).split("\n")) {
    const section = SECTION.exec(line);
    if (section !== null) inOrigin = section[1]?.toLowerCase() === "remote" && section[2] === "origin";
    const url = inOrigin ? URL_LINE.exec(line)?.[1] : undefined;
    if (url !== undefined) return url.replace(/^"(.*)"$/, "$1");
  }
  return null;
}

function folderName(common_dir: string): string {
  const own = basename(common_dir);
  return own === ".git" ? basename(dirname(common_dir)) : own.replace(/\.git$/, "");
}
