/** TLC as its user runs it, outside of any sandbox. */
import { join } from "node:path";
import { environmentOf, environmentWithout } from "../../config/environment.ts";
import { trustedArchive } from "./archive.ts";
import { JVM_FLAGS, MAIN_CLASS } from "./release.ts";
import type { Toolchain } from "./toolchain.ts";

/** Megabytes of heap; TLC's own default is a quarter of the machine. */
const HEAP_VARIABLE = "TLA2TOOLS_HEAP_MIB";
const HEAP_MIB = 1_024;
/** By these somebody else would say what is run. */
const NOT_INHERITED = ["JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "CLASSPATH"];

interface Parts {
  /** Of this run alone: TLC unpacks its modules there, and what somebody else had put there first would be taken for them. */
  readonly tmp: string;
  readonly flags: readonly string[];
  /** TLC's own. */
  readonly args: readonly string[];
  /** Whether TLC's files go to `tmp` too. */
  readonly metadir: boolean;
}

export function hostCommand(toolchain: Toolchain, { tmp, flags, args, metadir }: Parts): { readonly argv: readonly string[]; readonly env: Record<string, string> } {
  const asked = Number(environmentOf(HEAP_VARIABLE));
  const heap_mib = Number.isSafeInteger(asked) && asked >= 16 ? asked : HEAP_MIB;
  return {
    argv: [toolchain.java.program, ...JVM_FLAGS, `-Xmx${heap_mib}m`, ...flags, `-Djava.io.tmpdir=${tmp}`, "-cp", toolchain.jar, MAIN_CLASS, ...(metadir ? ["-metadir", join(tmp, "meta")] : []), ...args],
    env: environmentWithout(NOT_INHERITED),
  };
}

/** What spares the JVM a part of its start, where set-up made it. */
export function archiveFlags(toolchain: Toolchain): string[] {
  const archive = trustedArchive(toolchain, "host", toolchain.jar);
  return archive === null ? [] : [`-XX:SharedArchiveFile=${join(toolchain.folder, archive)}`, "-Xshare:auto"];
}
