import { createHash } from "node:crypto";
import { mkdir, mkdtemp, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import type { BackupFile, BackupManifest } from "../../../proto/integrity.ts";
import { mebibytes } from "../bytes.ts";
import type { CommandModule } from "../command.ts";
import { connect } from "../connect.ts";
import { printJson } from "../document.ts";
import { newFolder } from "../new-folder.ts";
import { note, print } from "../output.ts";

/** Copies one file and makes it durable; its digest must be what the manifest says, so that damage is found now and not when it is needed. */
async function copyOne(from: string, to: string, { path, sha256, bytes }: BackupFile): Promise<void> {
  await mkdir(dirname(join(to, path)), { recursive: true, mode: 0o700 });
  const hash = createHash("sha256");
  const handle = await open(join(to, path), "wx", 0o600);
  let size = 0;
  try {
    for await (const chunk of Bun.file(join(from, path)).stream()) {
      hash.update(chunk);
      size += chunk.length;
      await handle.writeFile(chunk);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  if (size !== bytes || hash.digest("hex") !== sha256) throw new MaestroError("store.corrupt", `${path} is not what it was written as; run maestro fsck`);
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  await handle.sync().finally(() => handle.close());
}

/** A folder of this name appears once everything in it is on disk. Two that work at once do not meet before that. */
async function copyAway(from: string, to: string, manifest_sha256: string): Promise<void> {
  const bytes = await readFile(join(from, "manifest.json"));
  if (createHash("sha256").update(bytes).digest("hex") !== manifest_sha256) throw new MaestroError("backup.damaged", `${from}/manifest.json is not the daemon's`);
  const { body } = JSON.parse(bytes.toString()) as BackupManifest;
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  const fresh = await mkdtemp(`${to}.partial-`);
  try {
    for (const file of body.files) await copyOne(from, fresh, file);
    await writeFile(join(fresh, "manifest.json"), bytes, { mode: 0o600, flush: true });
    for (const folder of new Set(["", ...body.files.flatMap(({ path }) => parentsOf(path))])) await syncFolder(join(fresh, folder));
    await rename(fresh, to);
    await syncFolder(dirname(to));
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    throw error;
  }
}

const parentsOf = (path: string): string[] => path.split("/").slice(0, -1).map((_, i, parts) => parts.slice(0, i + 1).join("/"));

/** What the file system said while the copy was made is about the target: the daemon's own disk has answered before. */
function targetFailure(error: unknown): unknown {
  return error instanceof Error && "syscall" in error ? new MaestroError("backup.target", error.message, { cause: error }) : error;
}

function placeOf(target: string): string {
  try {
    return newFolder(target);
  } catch (error) {
    throw targetFailure(error);
  }
}

export const run: CommandModule["run"] = async ({ values, positionals: [target] }) => {
  if (target === undefined) throw new MaestroError("cli.usage", "backup needs the folder to make");
  const to = placeOf(target);
  const with_keys = values["with-keys"] === true;
  const { client } = connect(values);
  const { name, folder, manifest_sha256, files, bytes } = await client.backup({ with_keys });
  try {
    await copyAway(folder, to, manifest_sha256);
  } catch (error) {
    throw targetFailure(error);
  } finally {
    // The copy is whole or gone by now; a daemon that was stopped meanwhile does not change that.
    await client.releaseBackup(name).catch(() => note(`the snapshot ${folder} was left behind; maestro gc --apply removes it`));
  }
  if (values["json"] === true) printJson({ folder: to, manifest_sha256, files, bytes, with_keys });
  else {
    print(`${to}: ${files} files, ${mebibytes(bytes)}, manifest ${manifest_sha256}`);
    note(with_keys ? "it holds the private keys, unencrypted: whoever reads it can sign as this node" : "without private keys: a node restored from it makes new ones");
  }
  return EXIT.admit;
};
