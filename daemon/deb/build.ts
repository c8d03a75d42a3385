/**
 * Builds the Debian package: `bun daemon/deb/build.ts --out FILE [--compression gzip|xz|none]`.
 * The same source and SOURCE_DATE_EPOCH give the same bytes.
 */
import { chmodSync, cpSync, lstatSync, lutimesSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { MaestroError } from "../../proto/errors.ts";
import { VERSION } from "../../proto/version.ts";
import { bundlePrograms } from "./bundle.ts";
import { changelog, control, copyright, OVERRIDES, SCRIPTS, type Identity } from "./control.ts";
import { commandLauncher, daemonLauncher } from "./launcher.ts";
import { BUNDLES, COMPLETIONS, HOME, SBOM, ships, SOURCE_FILES, SOURCE_FOLDERS, SYSTEM_FILES, UNUSED_PACKAGES, VERIFIER_PAGE } from "./layout.ts";

const PROJECT = join(import.meta.dir, "../..");
const GZIP = { level: 9 } as const;

export interface BuildOptions {
  readonly out: string;
  readonly epoch_s: number;
  readonly compression: "gzip" | "xz" | "none";
}

function run(argv: readonly string[], cwd: string): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...argv], { cwd, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  if (exitCode !== 0) throw new MaestroError("install.failed", `${argv.slice(0, 3).join(" ")} ended with ${exitCode}: ${stderr.toString().trim()}`);
  return stdout.toString();
}

class Tree {
  constructor(readonly root: string) {}

  file(path: string, content: string | Uint8Array, mode = 0o644): void {
    const to = join(this.root, path);
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(to, content);
    chmodSync(to, mode);
  }

  copy(from: string, path: string): void {
    const to = join(this.root, path);
    mkdirSync(dirname(to), { recursive: true });
    cpSync(from, to, { recursive: true, dereference: true, filter: (source) => source === from || ships(source) });
  }

  /** One owner, two modes and one time for everything, whatever the machine that built it thinks. */
  settle(epoch_s: number): number {
    let bytes = 0;
    for (const entry of readdirSync(this.root, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      const stat = lstatSync(path);
      // Commands that packages bring are for Node, and none of them is ours to offer.
      const runs = (stat.mode & 0o100) !== 0 && !path.includes("/node_modules/");
      if (!stat.isSymbolicLink()) chmodSync(path, stat.isDirectory() || runs ? 0o755 : 0o644);
      bytes += stat.isFile() ? stat.size : 0;
      lutimesSync(path, epoch_s, epoch_s);
    }
    return bytes;
  }
}

/** The dependencies of production, as the lock has them; Bun checks each against its digest there. */
function addModules(tree: Tree): void {
  const home = join(tree.root, HOME);
  for (const name of ["package.json", "bun.lock"]) cpSync(join(PROJECT, name), join(home, name));
  run([process.execPath, "install", "--production", "--frozen-lockfile", "--ignore-scripts", "--backend=copyfile"], home);
  for (const name of UNUSED_PACKAGES) rmSync(join(home, "node_modules", name), { recursive: true, force: true });
  rmSync(join(home, "node_modules/.bin"), { recursive: true, force: true });
  // Settings of the packages' own development.
  for (const path of new Bun.Glob("node_modules/**/.eslintrc*").scanSync({ cwd: home, dot: true })) rmSync(join(home, path));
  rmSync(join(home, "bun.lock"));
}

function addPapers(tree: Tree, identity: Identity): void {
  const zipped = (text: string) => gzipSync(text, GZIP);
  const cli = (form: string) => run([process.execPath, join(PROJECT, "daemon/cli/main.ts"), "completions", form], PROJECT);
  for (const [shell, path] of Object.entries(COMPLETIONS)) tree.file(path, cli(shell));
  tree.file("usr/share/man/man1/maestro.1.gz", zipped(cli("man")));
  tree.file("usr/share/man/man8/maestrod.8.gz", zipped(readFileSync(join(PROJECT, "systemd/maestrod.8"), "utf8")));
  tree.file("usr/share/doc/maestro/changelog.gz", zipped(changelog(identity)));
  tree.file("usr/share/doc/maestro/copyright", copyright());
  tree.file("usr/share/lintian/overrides/maestro", OVERRIDES);
}

/** What was installed for it, and the Bun it brings; made by a program of its own, since it reads the lock as the checks do. */
function addBillOfMaterials(tree: Tree): void {
  const path = join(tree.root, SBOM);
  mkdirSync(dirname(path), { recursive: true });
  run([process.execPath, join(PROJECT, "daemon/own-sbom.ts"), "--modules", join(tree.root, HOME, "node_modules"), "--out", path], PROJECT);
  chmodSync(path, 0o644);
}

/** Fills a folder with the package's tree. */
async function stage(root: string, identity: Identity): Promise<void> {
  const tree = new Tree(root);
  for (const name of SOURCE_FOLDERS) tree.copy(join(PROJECT, name), join(HOME, name));
  for (const name of SOURCE_FILES) tree.copy(join(PROJECT, name), join(HOME, name));
  tree.file(join(HOME, "bun"), readFileSync(process.execPath), 0o755);
  addModules(tree);
  await bundlePrograms(join(root, HOME, BUNDLES), join(root, HOME));
  tree.file("usr/bin/maestro", commandLauncher(), 0o755);
  tree.file("usr/sbin/maestrod", daemonLauncher(), 0o755);
  // From the staged source, as an installed `maestro verifier-page` builds it: the same bytes.
  tree.file(VERIFIER_PAGE, "");
  run([process.execPath, join(root, HOME, "daemon/ui/build.ts"), "--page", "verifier", "--out", join(root, VERIFIER_PAGE)], join(root, HOME));
  for (const [name, path] of Object.entries(SYSTEM_FILES)) tree.file(path, readFileSync(join(PROJECT, "systemd", name)));
  addPapers(tree, identity);
  addBillOfMaterials(tree);
  const bytes = tree.settle(identity.epoch_s);
  for (const [name, text] of Object.entries(SCRIPTS)) tree.file(join("DEBIAN", name), text, 0o755);
  tree.file("DEBIAN/control", control(identity, Math.ceil(bytes / 1024)));
  tree.settle(identity.epoch_s);
}

/** Writes the package and returns its version. Throws `install.failed` where a tool is missing or fails. */
export async function buildDeb({ out, epoch_s, compression }: BuildOptions): Promise<string> {
  if (Bun.which("dpkg-deb") === null) throw new MaestroError("install.failed", "dpkg-deb is needed to build the package");
  const root = mkdtempSync(join(tmpdir(), "maestro-deb-"));
  chmodSync(root, 0o755);
  try {
    const identity: Identity = { version: VERSION, architecture: process.arch === "arm64" ? "arm64" : "amd64", epoch_s };
    await stage(root, identity);
    lutimesSync(root, epoch_s, epoch_s);
    const argv = ["dpkg-deb", "--root-owner-group", `-Z${compression}`, "--build", root, out];
    run(["env", `SOURCE_DATE_EPOCH=${epoch_s}`, ...argv], PROJECT);
    return identity.version;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** Time of the commit, unless the caller names one. */
function epochOf(given: string | undefined): number {
  const epoch_s = Number(given ?? run(["git", "log", "-1", "--format=%ct"], PROJECT).trim());
  if (!Number.isSafeInteger(epoch_s)) throw new MaestroError("cli.usage", `--epoch ${given} is no whole number of seconds`);
  return epoch_s;
}

if (import.meta.main) {
  const text = { type: "string" } as const;
  const { values } = parseArgs({ args: Bun.argv.slice(2), options: { out: text, compression: text, epoch: text }, strict: true });
  const compression = values.compression ?? "xz";
  if (values.out === undefined || (compression !== "xz" && compression !== "gzip" && compression !== "none")) throw new MaestroError("cli.usage", "usage: build.ts --out FILE [--compression gzip|xz|none] [--epoch SECONDS]");
  process.stdout.write(`maestro ${await buildDeb({ out: values.out, epoch_s: epochOf(values.epoch), compression })} in ${values.out}\n`);
}
