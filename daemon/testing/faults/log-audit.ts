/** The log that goes on, and those that have ended: every entry is of a gate that is there, but for those that say what the log follows and how its key changed. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { MaestroError } from "../../../proto/errors.ts";
import { ROTATIONS_FILE, type RotationsFile } from "../../../proto/log.ts";
import type { Evidence } from "../../evidence/index.ts";
import { auditEnded } from "../../evidence/log/ended.ts";
import { noteKey } from "../../verifier/note.ts";

const contiguous = (indexes: readonly number[], from: number, to: number): boolean => indexes.length === to - from && indexes.toSorted((a, b) => a - b).every((index, i) => index === from + i);

/** Entries that say how the key changed. */
function changes({ site }: Evidence): number[] {
  try {
    const { rotations } = JSON.parse(new TextDecoder().decode(site.file(ROTATIONS_FILE).bytes)) as RotationsFile;
    return rotations.map(({ verificationMaterial }) => Number(verificationMaterial.tlogEntries[0]?.logIndex));
  } catch (error) {
    if (error instanceof MaestroError && error.code === "request.not_found") return [];
    throw error;
  }
}

/** What is wrong; `indexes` are the entries that gates claim, by the origin of their log. */
export async function auditLogs(evidence: Evidence, state_dir: string, indexes: ReadonlyMap<string, readonly number[]>): Promise<string[]> {
  const { origin, size } = evidence.logState();
  const folder = join(state_dir, "logs");
  const ended = existsSync(folder) ? readdirSync(folder) : [];
  const problems = [...indexes.keys()].filter((of) => of !== origin && !ended.includes(of)).map((of) => `gates of the log ${of}, which is neither here nor ended`);
  const own = [...(indexes.get(origin) ?? []), ...changes(evidence)];
  if (!contiguous(own, ended.length === 0 ? 0 : 1, size)) problems.push(`a log of ${size} entries beside gates at ${own.join(",")}`);
  for (const name of ended) {
    const claimed = indexes.get(name) ?? [];
    if (!contiguous(claimed, 0, claimed.length)) problems.push(`the ended log ${name} beside gates at ${claimed.join(",")}`);
    const keys = evidence.trust.entries.filter(({ entry }) => entry.log_origin === name).map(({ key }) => noteKey(name, key));
    for await (const step of auditEnded(join(folder, name), keys)) if (step.problem !== null) problems.push(`the ended log ${name}, ${step.name}: ${step.problem}`);
  }
  return problems;
}
