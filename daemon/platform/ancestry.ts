/** Programs among a process's ancestors, by name. What it finds may only ever add a refusal: a process can leave its parents. */
import { readFileSync } from "node:fs";

const DEPTH_MAX = 64;
const CMDLINE_CHARACTERS_MAX = 4_096;

function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    // Ended meanwhile, or another user's under hidepid: nothing is known, and nothing is concluded from it.
    if (error instanceof Error && "code" in error && ["ENOENT", "ESRCH", "EACCES", "EPERM"].includes(String(error.code))) return null;
    throw error;
  }
}

/** proc(5): the name stands in parentheses and may hold any character, so the last `)` ends it. */
function parentOf(pid: number): number | null {
  const stat = read(`/proc/${pid}/stat`);
  const ppid = Number(stat?.slice(stat.lastIndexOf(")") + 1).trim().split(" ")[1]);
  return Number.isSafeInteger(ppid) && ppid > 0 ? ppid : null;
}

/** Words by which a process may be known: its own name, and the path of its program and of the script it runs. */
function namesOf(pid: number): string[] {
  const comm = read(`/proc/${pid}/comm`)?.trim() ?? "";
  const argv = (read(`/proc/${pid}/cmdline`) ?? "").slice(0, CMDLINE_CHARACTERS_MAX).split("\0").slice(0, 3);
  return [comm, ...argv].filter((word) => word !== "");
}

/** Names of the process and everything above it, nearest first. */
export function ancestorNames(pid: number): readonly (readonly string[])[] {
  const found: string[][] = [];
  for (let at: number | null = pid; at !== null && found.length < DEPTH_MAX; at = parentOf(at)) found.push(namesOf(at));
  return found;
}
