/**
 * Child of the flip tests: changes one bit of one file of a state folder per seed, looks at everything as `maestro fsck` does, and, where
 * nothing is found, compares every acknowledged record with the truth. A damaged database may take the process down, so
 * the parent goes on behind the last line.
 */
import { createHash } from "node:crypto";
import { copyFileSync, cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Key, open } from "lmdb";
import { Value } from "@sinclair/typebox/value";
import { canonicalText } from "../../../proto/canonical.ts";
import { Limits } from "../../../proto/config.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { readEntry } from "../../evidence/log/entries.ts";
import { HEAD } from "../../evidence/log/tables.ts";
import { artifactName } from "../../store/gates.ts";
import { openOffline, walkOffline } from "../offline.ts";

const limits = Value.Create(Limits);

/** One line of output. */
export interface Flip {
  readonly seed: number;
  readonly file: string;
  readonly bit: number;
  readonly found: "detected" | "harmless" | "WRONG";
  readonly what: string;
}

/** Written anew at every start, or holding nothing that is kept. */
const MADE_ANEW = /^(?:lock|maestrod\.log|db\/lock\.mdb|host-policy\.tar\.gz|trust\.json|oci\/oci-layout|log\/log\.vkey|bundles\/.*|repositories\/(?!.*\/(?:pack|[0-9a-f]{2})\/).*)$/;

/** By name: a folder's own order is another one each time, and a seed would choose another file. */
export function filesOf(folder: string, below = ""): string[] {
  const entries = readdirSync(join(folder, below), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) return filesOf(folder, path);
    return entry.isFile() && statSync(join(folder, path)).size > 0 ? [path] : [];
  });
}

/**
 * The same seed chooses the same bit in every run: half of them by file, so that small files are met, half by byte. Each is a share of what there is, not
 * a remainder of it: a folder is some bytes larger or smaller than the last one, and every remainder would be another draw.
 */
function choose(folder: string, files: readonly string[], seed: number): { file: string; bit: number } {
  const digest = createHash("sha256").update(`flip ${seed}`).digest();
  const [a = 0, b = 0] = [0, 6].map((from) => digest.readUIntBE(from, 6) / 2 ** 48);
  const sizes = files.map((file) => statSync(join(folder, file)).size);
  if (seed % 2 === 0) {
    const at = Math.floor(a * files.length);
    return { file: files[at] ?? "", bit: Math.floor(b * 8 * (sizes[at] ?? 1)) };
  }
  let byte = Math.floor(a * sizes.reduce((sum, size) => sum + size, 0));
  for (const [i, size] of sizes.entries()) {
    if (byte < size) return { file: files[i] ?? "", bit: byte * 8 + Math.floor(b * 8) };
    byte -= size;
  }
  throw new Error("no byte");
}

/** Nothing in them was acknowledged: a record that is gone is asked for again, and one that is there carries its own hash. */
const CACHES: ReadonlySet<string> = new Set(["kept_outcomes", "kept_outcomes_order"]);

/** Every record of every table that keeps something, as it lies there. */
async function recordsOf(state_dir: string): Promise<string> {
  const root = open<Buffer, string>({ path: join(state_dir, "db"), noSubdir: false, encoding: "binary", maxDbs: 128, readOnly: true });
  const hash = createHash("sha256");
  for (const table of [...root.getKeys()].filter((name) => !CACHES.has(String(name)))) for (const { key, value } of root.openDB<Buffer, Key>({ name: String(table), encoding: "binary" }).getRange({})) hash.update(`${String(table)} ${JSON.stringify(key)} `).update(value);
  await root.close();
  return hash.digest("hex");
}

/** Everything acknowledged, as text: gates with what the client was told, the log with its head, and who may sign. */
export async function truthOf(state_dir: string): Promise<string> {
  const opened = await openOffline(state_dir, limits);
  let said: string;
  try {
    const { gates, artifacts, tables, keys, outbox } = opened;
    const head = tables.head.get(HEAD);
    const rows = [];
    for (const row of gates.all()) rows.push({ row, reply: Buffer.from((await artifacts.blobs.get(row.reply)) ?? []).toString("base64"), bundle: Buffer.from((await artifacts.blobs.get(row.bundle)) ?? []).toString("base64") });
    const entries = Array.from({ length: head?.size ?? 0 }, (_, i) => Buffer.from(readEntry(tables, i)).toString("base64"));
    // The next start writes what the outbox still owes, so a name that is owed is not lost; one too many loses nothing.
    const named = new Set([...artifacts.names(), ...outbox.owed()]);
    const names = rows.map(({ row }) => artifactName(row.gate_id, row.attempt.attempt)).filter((name) => named.has(name));
    const secrets = ["gate.pem", "log.pem", "root.pem", "salt.key"].map((name) => readFileSync(join(state_dir, "keys", name)).toString("base64"));
    said = canonicalText({ rows, entries, checkpoint: head?.checkpoint ?? null, trust: Buffer.from(keys.trust_bytes).toString("base64"), secrets, names });
  } finally {
    await opened.close();
  }
  return `${said} ${await recordsOf(state_dir)}`;
}

async function look(state_dir: string, truth: string): Promise<Pick<Flip, "found" | "what">> {
  try {
    for await (const step of walkOffline(state_dir, limits)) if (step.problem !== null) return { found: "detected", what: `${step.area}: ${step.name}: ${step.problem}`.slice(0, 200) };
    return (await truthOf(state_dir)) === truth ? { found: "harmless", what: "" } : { found: "WRONG", what: "nothing was found, and something else is read" };
  } catch (error) {
    // As for a version that no release has: the folder is refused by name, and nothing in it is read.
    if (error instanceof MaestroError && error.code !== "internal.bug") return { found: "detected", what: `at read: ${error.detail}`.slice(0, 200) };
    throw error;
  }
}

if (import.meta.main) {
  const [origin = "", scratch = "", from = "0", to = "0"] = process.argv.slice(2);
  const truth = await truthOf(origin);
  const files = filesOf(origin).filter((file) => !MADE_ANEW.test(file));
  const work = join(scratch, "work");
  rmSync(work, { recursive: true, force: true });
  cpSync(origin, work, { recursive: true });
  for (let seed = Number(from); seed < Number(to); seed++) {
    const { file, bit } = choose(origin, files, seed);
    const bytes = readFileSync(join(origin, file));
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    writeFileSync(join(work, file), bytes);
    const line: Flip = { seed, file, bit, ...(await look(work, truth)) };
    process.stdout.write(`${JSON.stringify(line)}\n`);
    // What looking may have written in its turn goes, too.
    for (const path of [file, "db/data.mdb", "db/mark", "db/schema", "oci/index.json"]) copyFileSync(join(origin, path), join(work, path));
  }
  rmSync(work, { recursive: true });
}
