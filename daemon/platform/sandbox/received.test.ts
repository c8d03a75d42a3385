/** A launcher is not believed: what it sends is counted, and a result that did not come whole leaves nothing. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { failureOf } from "../process/testing/gone.ts";
import { skipWithout } from "../../testing/skip.ts";
import type { SandboxResult } from "./job.ts";
import { Received } from "./received.ts";
import { contentOf, NEVER, sandboxWithout, scratch, shellJob, type Scratch } from "./testing/rig.ts";
import { type Ended, type Piece, PIECE_BYTES_MAX } from "./wire.ts";

let dir: Scratch;
beforeEach(() => {
  dir = scratch();
});
afterEach(() => dir[Symbol.dispose]());

const READ = { state: "read" } as const;
const piece = (of: Piece["of"], text: string): Piece => ({ of, base64: Buffer.from(text).toString("base64") });
const into = (name: string): string => join(dir.path, name);

/** Two files of ten bytes at most are wanted, and four bytes of each stream. */
function received(pieces: readonly Piece[], states: Ended["files"], folder = dir.path): Pick<SandboxResult, "stdout" | "stderr" | "files"> {
  using all = new Received({ tail_bytes_max: 4, wanted: ["a", "b"].map((path) => ({ path, bytes_max: 10, into: join(folder, path) })) });
  for (const one of pieces) all.take(one);
  return all.parts(states);
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return error instanceof Error ? `${Reflect.get(error, "code")} ${Reflect.get(error, "detail")}` : String(error);
  }
  return "nothing was thrown";
}

test("files are written as they come, for nobody else to read, with the digest of what was written", () => {
  const got = received([piece("stdout", "said"), piece("stderr", "c"), piece("stderr", "ry"), piece(0, "one "), piece(0, "file")], [READ, READ]);
  expect([Buffer.from(got.stdout).toString(), Buffer.from(got.stderr).toString()]).toEqual(["said", "cry"]);
  expect(got.files.get("a")).toEqual({ state: "kept", path: into("a"), bytes: 8, sha256: new Bun.CryptoHasher("sha256").update("one file").digest("hex") });
  expect(["a", "b"].map((name) => [contentOf(got.files.get(name)), statSync(into(name)).mode & 0o777])).toEqual([["one file", 0o600], ["", 0o600]]);
});

test("what was not read makes no file", () => {
  const refused = { state: "refused", because: "a link" } as const;
  expect([...received([], [{ state: "absent" }, refused]).files.values()]).toEqual([{ state: "absent" }, refused]);
  expect(readdirSync(dir.path)).toEqual([]);
});

test("attack: a launcher that was taken over sends more than was asked for, and nothing of it stays", () => {
  const started = piece(0, "begun");
  const lies: readonly (readonly [pieces: readonly Piece[], says: string])[] = [
    [[piece(0, "12345"), piece(0, "678901")], "worker.protocol more than the 10 bytes that were asked for of a"],
    [[started, piece("stdout", "abc"), piece("stdout", "de")], "worker.protocol more than the last 4 bytes of a stream"],
    [[started, piece(2, "x")], "worker.protocol a piece of wanted file 2 of 2, after 0"],
    [[started, piece(1, "x"), piece(0, "x")], "worker.protocol a piece of wanted file 0 of 2, after 1"],
    [[started, piece(1, "x".repeat(PIECE_BYTES_MAX + 1))], `worker.protocol a piece of more than ${PIECE_BYTES_MAX} bytes`],
  ];
  for (const [pieces, says] of lies) {
    expect(codeOf(() => received(pieces, [READ, READ]))).toBe(says);
    expect(readdirSync(dir.path)).toEqual([]);
  }
  expect(codeOf(() => received([started], [{ state: "absent" }, READ]))).toBe("sandbox.failed bytes of a file that is absent");
  expect(codeOf(() => received([started], [READ]))).toBe("sandbox.failed 1 files of 2");
  expect(readdirSync(dir.path)).toEqual([]);
});

test("attack: where a file should go stands another one, or a link to one, and it is left as it is", () => {
  writeFileSync(into("precious"), "as it was");
  symlinkSync(into("precious"), into("b"));
  const pieces = [piece(0, "x"), piece(1, "forged")];
  expect(codeOf(() => received(pieces, [READ, READ]))).toContain("sandbox.failed what a job left could not be kept: Error: EEXIST");
  expect(readdirSync(dir.path).sort()).toEqual(["b", "precious"]);
  expect(readFileSync(into("b"), "utf8")).toBe("as it was");
});

test("a folder that is gone is a failure of the run, not of its launcher", () => {
  expect(codeOf(() => received([piece(0, "x")], [READ, READ], into("none")))).toContain("sandbox.failed what a job left could not be kept");
});

const sandbox = sandboxWithout([]);
const { usable } = await sandbox.tier("bwrap");
await sandbox.close();

test.skipIf(skipWithout(usable, "bubblewrap does not work here, so no job was run in it"))("a real job whose file cannot be kept has no result, and the next one has", async () => {
  const own = sandboxWithout([]);
  const job = shellJob("head -c 100000 /dev/zero > a; echo b > b", { wanted: [{ path: "a", bytes_max: 100_000 }, { path: "b", bytes_max: 9 }] });
  const paths = job.wanted.map((file) => file.into);
  writeFileSync(paths[1] ?? "", "there before");
  expect((await failureOf(own.run(job, NEVER))).code).toBe("sandbox.failed");
  expect(paths.map((path) => existsSync(path))).toEqual([false, true]);
  expect((await own.run(shellJob("exit 4"), NEVER)).end).toEqual({ kind: "exit", code: 4 });
  await own.close();
}, 120_000);

test.skipIf(skipWithout(Bun.which("prlimit") !== null, "prlimit is not installed, so no file was too large for its disk"))("a file of which the disk takes a part is a failure, and the part is gone", () => {
  const script = `import { Received } from ${JSON.stringify(join(import.meta.dir, "received.ts"))};
process.on("SIGXFSZ", () => undefined);
{ using all = new Received({ tail_bytes_max: 0, wanted: [{ path: "a", bytes_max: 100_000, into: ${JSON.stringify(into("a"))} }] });
  for (let i = 0; i < 4; i++) all.take({ of: 0, base64: Buffer.alloc(9000).toString("base64") });
  try { all.parts([{ state: "read" }]); } catch (error) { console.log(error.code, error.detail); } }`;
  const ran = Bun.spawnSync(["prlimit", "--fsize=20000", process.execPath, "-e", script], { env: { PATH: "/usr/bin:/bin" } });
  expect(ran.stdout.toString()).toContain("could not be kept: Error: EFBIG");
  expect(existsSync(into("a"))).toBe(false);
});
