/** git's own files end with a hash over everything before it; a loose object has the name of its hash. */
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import { isAbsent, namesIn } from "../platform/folders.ts";
import type { Step } from "./step.ts";

type PackStep = Omit<Step, "area">;

const LOOSE_BYTES_MAX = 64 * 1024 * 1024;
const READ_BYTES = 1024 * 1024;

/** pack, idx and rev alike (gitformat-pack): the last bytes are the hash of all bytes before. */
async function checkTrailer(path: string, name: string, algorithm: "sha1" | "sha256"): Promise<PackStep> {
  const trailer_bytes = algorithm === "sha1" ? 20 : 32;
  const hash: Hash = createHash(algorithm);
  let held = Buffer.alloc(0);
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES }) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      const all = Buffer.concat([held, chunk]);
      const body = Math.max(0, all.length - trailer_bytes);
      hash.update(all.subarray(0, body));
      held = all.subarray(body);
    }
  } catch (error) {
    // A pack that retention has just removed is no damage.
    if (isAbsent(error)) return { name, bytes, problem: null };
    throw error;
  }
  return { name, bytes, problem: held.length === trailer_bytes && hash.digest().equals(held) ? null : "it does not hash to its own last bytes" };
}

async function checkLoose(path: string, name: string, oid: string, algorithm: "sha1" | "sha256"): Promise<PackStep> {
  try {
    if ((await stat(path)).size > LOOSE_BYTES_MAX) return { name, bytes: 0, problem: null };
    const stored = await readFile(path);
    const content = inflateSync(stored, { maxOutputLength: LOOSE_BYTES_MAX });
    return { name, bytes: stored.length, problem: createHash(algorithm).update(content).digest("hex") === oid ? null : "it does not hash to its own name" };
  } catch (error) {
    if (isAbsent(error)) return { name, bytes: 0, problem: null };
    return { name, bytes: 0, problem: "it cannot be unpacked" };
  }
}

/** Objects that clients streamed: a cache, but one that gates read. */
export async function* checkRepositories(root: string): AsyncGenerator<PackStep, void> {
  for (const repository of await namesIn(root)) {
    for (const git_dir of (await namesIn(join(root, repository))).filter((name) => name.endsWith(".git"))) {
      const algorithm = git_dir.startsWith("sha256") ? "sha256" : "sha1";
      const objects = join(root, repository, git_dir, "objects");
      const shown = `${repository.slice(0, 12)}/${git_dir}`;
      for (const file of await namesIn(join(objects, "pack"))) {
        if (/^pack-[0-9a-f]+\.(?:pack|idx|rev)$/.test(file)) yield await checkTrailer(join(objects, "pack", file), `${shown}/${file}`, algorithm);
      }
      for (const prefix of (await namesIn(objects)).filter((name) => /^[0-9a-f]{2}$/.test(name))) {
        for (const rest of (await namesIn(join(objects, prefix))).filter((name) => /^[0-9a-f]+$/.test(name))) yield await checkLoose(join(objects, prefix, rest), `${shown}/${prefix}${rest}`, prefix + rest, algorithm);
      }
    }
  }
}
