/** Fills what the index of gates by content lacks, from the gates' own bundles: rows from before there was one, or that a repair brought back. */
import type { Bundle } from "../../proto/bundle.ts";
import { fromBase64 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { Statement } from "../../proto/attestation.ts";
import type { Artifacts } from "../store/artifacts.ts";
import type { Gates } from "../store/gates.ts";

export interface TreeIndexDeps {
  readonly gates: Pick<Gates, "after" | "trees" | "places" | "tellTrees">;
  readonly artifacts: { readonly blobs: Pick<Artifacts["blobs"], "get"> };
}

/** Rows between two transactions; a daemon that dies in between goes on where it was. */
const BATCH_ROWS = 256;

/** What a bundle of our own says. Whoever finds a gate by it verifies that gate before it counts. */
export function saidIn(bytes: Uint8Array): Pick<Statement["predicate"], "identity" | "mode"> | null {
  try {
    const { attestations } = JSON.parse(new TextDecoder().decode(bytes)) as Bundle;
    return (JSON.parse(new TextDecoder().decode(fromBase64(attestations[0]?.dsseEnvelope.payload ?? "") ?? new Uint8Array())) as Statement).predicate;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null;
    throw error;
  }
}

/** A bundle that is gone or damaged covers nothing, whatever its content was. */
async function treeAt({ blobs }: TreeIndexDeps["artifacts"], digest: string): Promise<string | null> {
  try {
    const bytes = await blobs.get(digest);
    return bytes === undefined ? null : (saidIn(bytes)?.identity.merge_tree ?? null);
  } catch (error) {
    if (error instanceof MaestroError && error.code === "store.corrupt") return null;
    throw error;
  }
}

/** Afterwards every row that was there is found by its content. How many bundles were read; none where the index is whole. Throws `store.*`. */
export async function fillTreeIndex({ gates, artifacts }: TreeIndexDeps): Promise<number> {
  let read = 0;
  for (let after = -1; gates.trees.count() < gates.places(); ) {
    const page = gates.after(after, BATCH_ROWS);
    const last = page.at(-1);
    if (last === undefined) break;
    after = last.place;
    const told: { place: number; row: (typeof last)["row"]; tree: string | null }[] = [];
    for (const { place, row } of page) if (!gates.trees.knows(place)) told.push({ place, row, tree: await treeAt(artifacts, row.bundle) });
    if (told.length > 0) gates.tellTrees(told);
    read += told.length;
  }
  return read;
}
