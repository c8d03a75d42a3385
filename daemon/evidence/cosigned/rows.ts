/** What witnesses signed of this log, as it is kept: each line is checked again under the checkpoint it stands for, so a row of another key or log counts for nothing. */
import type { WitnessEntry } from "../../../proto/witness.ts";
import type { Store } from "../../store/db.ts";
import { isOf, type CosignerKey } from "../../verifier/cosignature.ts";
import { parseSignatureLine } from "../../verifier/note.ts";
import { lineIn, type Line, type ShownHead } from "./peer.ts";
import type { Witnessed } from "./receipt.ts";
import { newestKey, openCosignedTable, quorumKey, WITNESSED, type CosignedRow, type CosignedTable } from "./table.ts";

export interface Named {
  readonly entry: WitnessEntry;
  readonly key: CosignerKey;
}

interface LineOf<P> extends Line {
  readonly peer: P;
}

export class CosignedRows<P extends Named> {
  private readonly table: CosignedTable;

  constructor(
    private readonly store: Pick<Store, "table" | "atomic">,
    private readonly peers: readonly P[],
  ) {
    this.table = openCosignedTable(store);
  }

  /** The newest line of the key that is configured now. */
  newestOf({ entry, key }: Named): CosignedRow | undefined {
    const row = this.table.get(newestKey(entry.name));
    const signature = row === undefined ? null : parseSignatureLine(row.text.trimEnd());
    return signature !== null && isOf(key, signature) ? row : undefined;
  }

  linesUnder({ size, checkpoint }: ShownHead): LineOf<P>[] {
    return this.peers.flatMap((peer) => {
      const row = this.newestOf(peer);
      const found = row?.size === size ? lineIn(row.text, peer.key, checkpoint) : null;
      return found === null ? [] : [{ peer, ...found }];
    });
  }

  missing(head: ShownHead): P[] {
    const done = new Set(this.linesUnder(head).map(({ peer }) => peer));
    return this.peers.filter((peer) => !done.has(peer));
  }

  answered({ entry }: Named, size: number, { line, time_s }: Line): void {
    this.store.atomic(() => this.table.put(newestKey(entry.name), { size, time_s, text: line }));
  }

  keep({ size, checkpoint }: ShownHead, lines: readonly LineOf<P>[]): void {
    this.store.atomic(() => {
      this.table.put(WITNESSED, { size, time_s: Math.min(...lines.map(({ time_s }) => time_s)), text: checkpoint });
      for (const { peer, line, time_s } of lines) this.table.put(quorumKey(peer.entry.name), { size, time_s, text: line });
    });
  }

  /** The newest checkpoint of the log of this origin that had a quorum when it was kept. */
  witnessed(origin: string): Witnessed | null {
    const row = this.table.get(WITNESSED);
    if (row === undefined || row.text.slice(0, row.text.indexOf("\n")) !== origin) return null;
    const lines = this.peers.flatMap(({ entry, key }) => {
      const line = this.table.get(quorumKey(entry.name));
      const found = line?.size === row.size ? lineIn(line.text, key, row.text) : null;
      return found === null ? [] : [{ name: key.name, ...found }];
    });
    return { size: row.size, checkpoint: row.text, lines };
  }
}
