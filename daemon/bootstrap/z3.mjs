/** The native z3, out of the wheel that its own people publish: one program, copied out; nothing of Python is kept. Set up by `npm run tools`, never in a gate. */
import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runQuietly } from "./steps.mjs";
import { onPath } from "./tools.mjs";

const VERSION = "5.4.0.0";
/** SHA-256 of the program in the wheel, by Node's names of platform and processor: another one is not taken. */
const PROGRAMS = { "linux-x64": "4bf249abd220d0ae4582536e572aa04019b8dfc91d25135fb6f098d230acfd0d" };

/** Null where a z3 is there already or now, else why not. Questions then go to the npm package, which is slower. */
export async function installZ3(root, { platform = `${process.platform}-${process.arch}`, present = onPath } = {}) {
  const place = join(root, ".toolchain", "bin", "z3");
  if (existsSync(place) || present("z3")) return null;
  const wanted = PROGRAMS[platform];
  if (wanted === undefined) return `no z3 is pinned for ${platform}`;
  if (!present("python3")) return "python3 with pip is needed to obtain it";
  const folder = mkdtempSync(join(tmpdir(), "maestro-z3-"));
  try {
    const { code, output } = await runQuietly("python3", ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:", "--no-deps", "--target", folder, `z3-solver==${VERSION}`]);
    if (code !== 0) return `pip ended with ${code}: ${output.trim().split("\n").at(-1) ?? ""}`;
    const program = join(folder, "bin", "z3");
    if (!existsSync(program)) return "the wheel has no program";
    if (createHash("sha256").update(readFileSync(program)).digest("hex") !== wanted) return "the program in the wheel is not the one that is pinned";
    mkdirSync(join(root, ".toolchain", "bin"), { recursive: true });
    // Renamed into its place, so that nobody starts half a program.
    copyFileSync(program, `${place}.new`);
    chmodSync(`${place}.new`, 0o755);
    renameSync(`${place}.new`, place);
    return null;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
