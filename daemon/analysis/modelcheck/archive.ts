/**
 * Class archives (AppCDS): TLC's classes as the JVM had them in memory, which spares it a third of its start. Whatever maps one runs
 * what is in it, so one is used only where nobody else could have written it and it is byte for byte what set-up made, and it has the
 * name of just this jar, this Java and these flags: another one's is not even looked at.
 */
import { chmodSync, lstatSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { canonicalText } from "../../../proto/canonical.ts";
import { errno } from "../../platform/kernel/errno.ts";
import { JAR_SHA256, JVM_FLAGS, MAIN_CLASS } from "./release.ts";
import type { Toolchain } from "./toolchain.ts";

/** A JVM takes an archive only for the class path it was made with, and in a jail that is another one. */
export type ArchivePlace = "jail" | "host";

const OTHERS_MAY_WRITE = 0o022;

export function archiveName({ java }: Pick<Toolchain, "java">, place: ArchivePlace, class_path: string): string {
  const key = Bun.SHA256.hash(canonicalText({ jar: JAR_SHA256, java: java.sha256, version: java.version, main: MAIN_CLASS, flags: [...JVM_FLAGS], class_path }), "hex");
  return `tlc-${place}-${key.slice(0, 32)}.jsa`;
}

const ownOnly = (path: string, kind: "isFile" | "isDirectory"): boolean => {
  const stat = lstatSync(path);
  return stat[kind]() && (stat.uid === 0 || stat.uid === process.getuid?.()) && (stat.mode & OTHERS_MAY_WRITE) === 0;
};

/** The name of an archive in the toolchain's folder that may be used; null where there is none. */
export function trustedArchive(toolchain: Toolchain, place: ArchivePlace, class_path: string): string | null {
  const name = archiveName(toolchain, place, class_path);
  const path = join(toolchain.folder, name);
  try {
    if (!ownOnly(toolchain.folder, "isDirectory") || !ownOnly(path, "isFile") || !ownOnly(`${path}.sha256`, "isFile")) return null;
    return readFileSync(`${path}.sha256`, "utf8") === Bun.SHA256.hash(readFileSync(path), "hex") ? name : null;
  } catch (error) {
    if (errno(error) === undefined) throw error;
    return null;
  }
}

/** Puts what a run left at `made` in its place and removes those of other jars and Javas. */
export function keepArchive(toolchain: Toolchain, place: ArchivePlace, class_path: string, made: string): void {
  const name = archiveName(toolchain, place, class_path);
  const path = join(toolchain.folder, name);
  for (const old of readdirSync(toolchain.folder)) if (old.startsWith(`tlc-${place}-`)) rmSync(join(toolchain.folder, old));
  const bytes = readFileSync(made);
  writeFileSync(`${path}.part`, bytes, { mode: 0o644 });
  chmodSync(`${path}.part`, 0o644);
  renameSync(`${path}.part`, path);
  writeFileSync(`${path}.sha256`, Bun.SHA256.hash(bytes, "hex"), { mode: 0o644 });
}
