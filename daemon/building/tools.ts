/**
 * Content digests of what a build is run with. Runs in a check process: a tool chain is read whole. The machine's own folders are not:
 * of them the program alone is hashed, and the provenance says so.
 */
import { createReadStream, lstatSync, readdirSync, readlinkSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { ToolDigestsJob, ToolDigestsReply } from "../../proto/worker-beside.ts";
import { INSIDE } from "../platform/sandbox/job.ts";
import { errno } from "../platform/kernel/errno.ts";

/** Why it cannot be told. */
class Untold extends Error {}

const LINKS_MAX = 40;
const READ_BYTES = 1024 * 1024;

class Reading {
  private entries = 0;
  private bytes = 0;
  private readonly ends_ms: number;

  constructor(private readonly bounds: Pick<ToolDigestsJob, "entries_max" | "bytes_max" | "deadline_ms">) {
    this.ends_ms = performance.now() + bounds.deadline_ms;
  }

  entry(): void {
    if (++this.entries > this.bounds.entries_max) throw new Untold(`it holds more than ${this.bounds.entries_max} files (limits.command.tool_entries_max)`);
  }

  async file(path: string): Promise<string> {
    const hash = new Bun.CryptoHasher("sha256");
    for await (const piece of createReadStream(path, { highWaterMark: READ_BYTES }) as AsyncIterable<Buffer>) {
      this.bytes += piece.length;
      if (this.bytes > this.bounds.bytes_max) throw new Untold(`it holds more than ${this.bounds.bytes_max} bytes (limits.build.digest_bytes_max)`);
      if (performance.now() > this.ends_ms) throw new Untold(`it could not be hashed within ${this.bounds.deadline_ms} ms (limits.build.digest_deadline_ms)`);
      hash.update(piece);
    }
    return hash.digest("hex");
  }
}

/** SHA-256 over one line for each file and link, in the order of their paths: kind, whether it can be run, digest of content or target, path. */
async function folderDigest(root: string, reading: Reading): Promise<string> {
  const lines: string[] = [];
  const open = [""];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const name of readdirSync(join(root, at))) {
      const path = at === "" ? name : `${at}/${name}`;
      const stat = lstatSync(join(root, path));
      reading.entry();
      if (stat.isDirectory()) open.push(path);
      else if (stat.isSymbolicLink()) lines.push(`link - ${new Bun.CryptoHasher("sha256").update(readlinkSync(join(root, path))).digest("hex")} ${path}\n`);
      else if (stat.isFile()) lines.push(`file ${(stat.mode & 0o111) === 0 ? "-" : "x"} ${await reading.file(join(root, path))} ${path}\n`);
      else throw new Untold(`${path} is neither a file nor a link`);
    }
  }
  const hash = new Bun.CryptoHasher("sha256");
  for (const line of lines.sort()) hash.update(line);
  return hash.digest("hex");
}

type Mount = ToolDigestsJob["mounts"][number];

function hostPath(inside: string, mounts: readonly Mount[]): string | null {
  const [first] = mounts.filter((mount) => inside === mount.inside || inside.startsWith(`${mount.inside}/`)).sort((a, b) => b.inside.length - a.inside.length);
  return first === undefined ? null : first.host + inside.slice(first.inside.length);
}

/** The file a program's name leads to as the sandbox sees it; null where no tool chain has it. */
function programFile(inside: string, mounts: readonly Mount[]): string | null {
  let at = inside;
  for (let links = 0; links < LINKS_MAX; links++) {
    const path = hostPath(at, mounts);
    const stat = path === null ? undefined : lstatSync(path, { throwIfNoEntry: false });
    if (path === null || stat === undefined) return null;
    if (!stat.isSymbolicLink()) return stat.isFile() && (stat.mode & 0o111) !== 0 ? path : null;
    at = resolve(dirname(at), readlinkSync(path));
  }
  return null;
}

const said = (error: unknown, path: string): { readonly because: string } => {
  if (error instanceof Untold) return { because: error.message };
  const code = errno(error);
  if (code === undefined) throw error;
  return { because: `${path} cannot be read (${code})` };
};

/** Below the working folder, the tree, or what leads to either. */
const isOfTree = (place: string): boolean => !place.startsWith("/") || [INSIDE.tree, "/proc"].some((folder) => place === folder || place.startsWith(`${folder}/`));

async function programOf({ program, path, mounts, ...bounds }: ToolDigestsJob): Promise<ToolDigestsReply["program"]> {
  const places = program.includes("/") ? [program.startsWith("/") ? resolve(program) : program] : path.map((folder) => (folder === "" ? program : join(folder, program)));
  try {
    for (const place of places) {
      if (isOfTree(place)) return { because: program.includes("/") ? "it is a file of the tree" : "PATH names a folder of the tree before the tool chains, so that the tree says which program it is" };
      const file = programFile(place, mounts);
      if (file !== null) return { path: place, sha256: await new Reading(bounds).file(file) };
    }
  } catch (error) {
    return said(error, program);
  }
  return { because: "no tool chain has it" };
}

export async function toolDigests(job: ToolDigestsJob): Promise<ToolDigestsReply> {
  const mounts: ToolDigestsReply["mounts"] = [];
  for (const { name, host, inside, whole } of job.mounts) {
    if (!whole) continue;
    const told = await folderDigest(host, new Reading(job)).then((sha256) => ({ sha256 }), (error: unknown) => said(error, inside));
    mounts.push({ name, inside, told });
  }
  return { kind: "tool-digests", program: await programOf(job), mounts };
}
