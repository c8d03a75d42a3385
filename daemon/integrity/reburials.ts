/**
 * Tombstones that a file knows and the database does not: a backup from before was restored, and what had gone goes again. A line of the file
 * names what it is about by digest, and takes nothing else along: neither another attempt that was given the same number since, nor bytes that others hold too.
 */
import type { Tombstone } from "../../proto/retention.ts";
import type { Artifacts } from "../store/artifacts.ts";
import { isBuildName } from "../store/builds.ts";
import type { GateRow, Gates } from "../store/gates.ts";
import { releaseArtifactName, type ReleaseTable } from "../store/releases.ts";
import type { Erasure } from "../store/tombstones.ts";
import type { Burial } from "./burials.ts";
import { artifactOf } from "./erase.ts";

export interface ReburialDeps {
  readonly artifacts: Artifacts;
  readonly gates: Gates;
  readonly releases: ReleaseTable;
}

const blob = (of: string): Erasure => ({ kind: "blob", of });

/** Whether this row is of the record that the tombstone says went. */
export function isOf({ class: of, digests }: Tombstone, row: GateRow): boolean {
  const said = (kind: string): string => `sha256:${digests.find((digest) => digest.kind === kind)?.sha256 ?? ""}`;
  return said("reply") === row.reply && (of !== "evidence" || said("bundle") === row.bundle);
}

export interface Reburial extends Burial {
  /** What others may hold too; it goes where nobody does. */
  readonly loose?: readonly string[];
}

/** A release or a build of this name, if it is the one that went; the tombstone alone where there is none. */
export async function reburial({ artifacts, gates, releases }: ReburialDeps, tombstone: Tombstone): Promise<Reburial> {
  const { name, class: of, gate_id, attempt, digests } = tombstone;
  const alone: Burial = {
    tombstone,
    erasures: [],
    // Its number was given out in the time that this database does not know.
    take: () => void (gate_id !== undefined && attempt !== undefined && gates.floors.raise(gate_id, attempt + 1)),
  };
  const artifact = of === "evidence" && gate_id === undefined ? await artifactOf(artifacts, name) : undefined;
  if (artifact === undefined) return alone;
  const layers = artifact.manifest.layers.map(({ digest }) => digest);
  const whole: Burial = { ...alone, erasures: [{ kind: "name", of: name }, blob(artifact.descriptor.digest)] };
  const statement = digests.find(({ kind }) => kind === "statement")?.sha256 ?? "";
  if (releaseArtifactName(statement) === name) {
    const rows = [...releases.all()].filter(({ row }) => row.statement_sha256 === statement);
    return { ...whole, erasures: [...whole.erasures, ...layers.map(blob)], take: () => rows.forEach(({ key }) => releases.remove(key)) };
  }
  const outputs = digests.filter(({ kind }) => kind === "output").map(({ sha256 }) => `sha256:${sha256}`);
  return isBuildName(name) && outputs.every((digest) => layers.includes(digest)) ? { ...whole, erasures: [...whole.erasures, ...layers.slice(0, 2).map(blob)], loose: layers.slice(2) } : alone;
}
