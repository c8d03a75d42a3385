/** The state folder as it lies on disk. It is looked at and never opened: a running daemon owns it. */
import { lstatSync, readdirSync, readFileSync, statfsSync, type Stats } from "node:fs";
import { join } from "node:path";
import type { Locations } from "../../../proto/locations.ts";
import { STORE_SCHEMA_VERSION, stateVersionIn } from "../../../proto/state-version.ts";
import { withheld, withheldText } from "../../verifier/further/wording.ts";
import { openTrust, type Trust } from "../../verifier/trust.ts";
import { fail, ok, skip, warn, type Finding } from "./finding.ts";

const OTHERS = 0o077;
/** `limits.store.free_bytes_min` refuses writes below 16 MiB; a day's evidence fits into this. */
const FREE_BYTES_LOW = 1024 ** 3;
const FREE_BYTES_MIN = 16 * 1024 ** 2;

const DAY_S = 86_400;
/** An operator's root is offline: signing with it takes its time. */
const ENDS_SOON_S = 14 * DAY_S;

const MiB = 1024 ** 2;

/** What lies there; null where nothing does, "closed" where this user may not look. */
function look(path: string): Stats | "closed" | null {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) ?? null;
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "EACCES" || error.code === "EPERM")) return "closed";
    throw error;
  }
}

const octal = ({ mode }: Stats): string => (mode & 0o777).toString(8);

export function stateFindings({ state_dir, trust_path }: Pick<Locations, "state_dir" | "trust_path">, now_s = Date.now() / 1000): Finding[] {
  const found = look(state_dir);
  if (found === null) return [skip("state", `${state_dir} does not exist yet; the first start makes it`)];
  if (found === "closed") return [skip("state", `${state_dir} is closed to this user; ask as its owner or as root`)];
  if (!found.isDirectory()) return [fail("state", `${state_dir} is not a folder`, "move it away, or name another folder with --state")];
  const folder = (found.mode & OTHERS) === 0 ? ok("state", `${state_dir}, mode ${octal(found)}, uid ${found.uid}`) : fail("state", `${state_dir} has mode ${octal(found)}: others may look into it`, `chmod 700 ${state_dir}`);
  const written = version(state_dir);
  return [folder, written.finding, space(state_dir), keys(join(state_dir, "keys")), trust(trust_path, written.later, now_s)];
}

/** Said before a daemon is started on it, which would refuse. */
function version(state_dir: string): { readonly finding: Finding; readonly later: boolean } {
  const path = join(state_dir, "db", "schema");
  const found = look(path);
  const text = found === null || found === "closed" ? null : textOf(path);
  const written = text === null ? null : stateVersionIn(text);
  const what = `${state_dir} has schema ${written}, this release reads ${STORE_SCHEMA_VERSION}`;
  if (written !== null && written > STORE_SCHEMA_VERSION) return { finding: fail("version", `${what}: a later release wrote it`, "install that release again, or restore a backup that this one made into another folder"), later: true };
  const told = (finding: Finding) => ({ finding, later: false });
  if (found === null) return told(skip("version", "no records yet; the first start makes them"));
  if (text === null) return told(skip("version", `${path} is closed to this user`));
  if (written === null) return told(fail("version", `${path} does not hold a version`, "run maestro fsck, then maestro fsck --repair"));
  if (written === STORE_SCHEMA_VERSION) return told(ok("version", `schema ${written}`));
  return told(warn("version", `${what}: an earlier release wrote it`, "back it up; the next start of the daemon brings it to this version"));
}

/** Null where this user may not read it. */
function textOf(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "EACCES" || error.code === "EPERM")) return null;
    throw error;
  }
}

function space(state_dir: string): Finding {
  const { bavail, bsize } = statfsSync(state_dir);
  const free = bavail * bsize;
  const detail = `${Math.floor(free / MiB)} MiB free`;
  if (free < FREE_BYTES_MIN) return fail("space", `${detail}: every write is refused`, "free space on the state folder's disk");
  return free < FREE_BYTES_LOW ? warn("space", detail, "free space before gates are refused; see maestro gc") : ok("space", detail);
}

function keys(folder: string): Finding {
  const found = look(folder);
  if (found === null) return skip("keys", "none yet; the first start makes them");
  if (found === "closed") return skip("keys", `${folder} is closed to this user`);
  const open = (found.mode & OTHERS) !== 0 ? [folder] : readdirSync(folder).map((name) => join(folder, name)).filter((path) => ((lstatSync(path).mode & OTHERS) !== 0));
  if (open.length === 0) return ok("keys", `${folder}, for their owner alone`);
  return fail("keys", `open to other users: ${open.join(", ")}`, "chmod 600 the files and 700 the folder; if anyone else had access, make new keys");
}

/** When the last gate key or the last log key of a trust file ends: past it no gate is possible. */
function endOf({ entries }: Trust): number {
  const last = (role: "gate" | "log"): number => Math.max(...entries.filter(({ entry }) => entry.role === role && entry.log_size_max === undefined).map(({ to_s }) => to_s));
  return Math.min(last("gate"), last("log"));
}

function trust(path: string, later: boolean, now_s: number): Finding {
  const found = look(path);
  if (found === null) return skip("trust", `${path} does not exist yet`);
  if (found === "closed") return skip("trust", `${path} is closed to this user`);
  const opened = openTrust(new Uint8Array(readFileSync(path)));
  if (!opened.ok && later) return skip("trust", `${path} is of a later release, which may say there what this one cannot read`);
  if (!opened.ok) return fail("trust", `${path}: ${opened.reason.detail}`, "restore it from keys/trust.json, or from the operator's copy");
  const { trust_domain, self_made, entries } = opened.value;
  const left_s = endOf(opened.value) - now_s;
  if (left_s < ENDS_SOON_S) {
    const remedy = "sign the state folder's trust.json anew: maestro trust sign, and give it to whoever verifies";
    return left_s < 0 ? fail("trust", "the time of its keys is over: no verdict can be signed", remedy) : warn("trust", `the time of its keys is over in ${Math.floor(left_s / DAY_S)} days`, remedy);
  }
  const missing = withheld(opened.value);
  if (missing.length > 0) return warn("trust", withheldText(missing), self_made ? "restart the daemon, which brings its own file up to date" : "sign the state folder's trust.json anew: maestro trust sign; see docs/attestations.md");
  return ok("trust", `${trust_domain}, ${entries.length} keys${self_made ? ", self-made" : ""}`);
}
