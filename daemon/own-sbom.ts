/** The bill of materials of a release of ours: `bun daemon/own-sbom.ts --modules FOLDER --out FILE`. What bun.lock pins and FOLDER holds, and the Bun that ships beside it. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { toHex } from "../proto/encoding.ts";
import { MaestroError } from "../proto/errors.ts";
import { VERSION } from "../proto/version.ts";
import { readBunLock } from "./gate/checks/lock/bun.ts";
import { sbomDocument } from "./sbom/document.ts";
import { gather, type Locked, type Package } from "./sbom/gather.ts";

const LOCK = "bun.lock";
const SCOPE = "packages of others that this release holds, as its lock pins them, and the Bun it brings; which package needs which is not said";

/** Whether the version is among those that were installed, at the top or below another package. */
function installed(modules: string, { name, version }: Locked, holders: readonly string[]): boolean {
  return [modules, ...holders.map((holder) => join(modules, holder, "node_modules"))].some((folder) => {
    const path = join(folder, name, "package.json");
    return existsSync(path) && (JSON.parse(readFileSync(path, "utf8")) as { readonly version?: unknown }).version === version;
  });
}

function bunItself(path: string): Package {
  const purl = `pkg:github/oven-sh/bun@bun-v${Bun.version}`;
  const hex = createHash("sha256").update(readFileSync(path)).digest("hex");
  return { ref: purl, ecosystem: "npm", name: "bun", version: Bun.version, purl, source: "the release of its makers", hashes: [{ algorithm: "SHA-256", hex }], stated: [], locks: [] };
}

/** Throws `install.failed` where the lock cannot be read. */
export function ownSbom(project: string, modules: string, bun = process.execPath): Uint8Array {
  const lock = readBunLock(readFileSync(join(project, LOCK), "utf8"));
  if ("broken" in lock) throw new MaestroError("install.failed", `${LOCK}: ${lock.broken}`);
  const holders = [...new Set(lock.entries.map(({ name }) => name))];
  const entries = lock.entries.filter((entry) => installed(modules, entry, holders));
  const { packages, local, gaps } = gather([{ path: LOCK, ecosystem: "npm", entries }]);
  return sbomDocument({ name: "maestro", version: VERSION, packages: [...packages, bunItself(bun)], locks: [LOCK], local, gaps, scope: SCOPE });
}

if (import.meta.main) {
  const text = { type: "string" } as const;
  const { values: { modules, out } } = parseArgs({ args: Bun.argv.slice(2), options: { modules: text, out: text }, strict: true });
  if (modules === undefined || out === undefined) throw new MaestroError("cli.usage", "usage: own-sbom.ts --modules FOLDER --out FILE");
  const bytes = ownSbom(join(import.meta.dir, ".."), modules);
  writeFileSync(out, bytes);
  process.stdout.write(`${toHex(new Uint8Array(createHash("sha256").update(bytes).digest()))}  ${out}\n`);
}
