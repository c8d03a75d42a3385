import { originName } from "../../proto/remote.ts";
import { disk } from "./builtin.ts";

const CONFIG_BYTES_MAX = 1024 * 1024;
const NAME_CHARS_MAX = 400;
const SECTION = /^\s*\[\s*([A-Za-z0-9.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]/;
const URL_LINE = /^\s*url\s*=\s*(.*?)\s*$/i;

/** What a clone says of where it comes from: a claim, nothing is decided by it. */
interface Origin {
  /** What the clone calls its origin; null where it has none. */
  readonly url: string | null;
  /** `host/owner/name` of its origin, without user or password, or the name of its folder. */
  readonly name: string;
}

/** Read from the configuration file as text, because `git config` would follow includes. */
export function originOf(common_dir: string): Origin {
  const path = `${common_dir}/config`;
  const url = disk().statSync(path, { throwIfNoEntry: false })?.isFile() === true ? urlIn(disk().readFileSync(path, "utf8")) : null;
  const name = (url === null ? null : nameOfUrl(url)) ?? folderName(common_dir);
  const safe = name.replace(/[\u0000-\u0020\u007f]/g, "-").slice(0, NAME_CHARS_MAX);
  return { url, name: safe === "" ? "repository" : safe };
}

/** `host[:port]/owner/name` of a URL in any form git takes; null for a local path. */
export function nameOfUrl(url: string): string | null {
  return url.startsWith("/") || /^file:/i.test(url) ? null : originName(url);
}

function urlIn(config: string): string | null {
  let inOrigin = false;
  for (const line of config.slice(0, CONFIG_BYTES_MAX).split("\n")) {
    const section = SECTION.exec(line);
    if (section !== null) inOrigin = section[1]?.toLowerCase() === "remote" && section[2] === "origin";
    const url = inOrigin ? URL_LINE.exec(line)?.[1] : undefined;
    if (url !== undefined) return url.replace(/^"(.*)"$/, "$1");
  }
  return null;
}

function folderName(common_dir: string): string {
  const [parent = "", own = ""] = common_dir.replace(/\/+$/, "").split("/").slice(-2);
  return own === ".git" ? parent : own.replace(/\.git$/, "");
}
