/** Sequences that hold tokens and nothing else, for whoever chooses among them: states are files with the tokens in them. */
import { readFileSync, writeFileSync } from "node:fs";
import { scopeDigest } from "../scope.ts";
import type { PrefixScope, Slot, SlotHands, Slots, Wanted } from "../../text/slots.ts";

export const scopeFor = (tenant: string | null, more: Partial<PrefixScope> = {}): PrefixScope => ({ model_digest: "0".repeat(64), engine: "fake 1", adapters: [], context: "4096/4", space: { tenant, task: "triage" }, ...more });

export interface Ran {
  readonly id: number;
  /** Tokens of the prompt that were not evaluated. */
  readonly cached: number;
  /** Where those came from whose sequence it was: a file, or the sequence itself. */
  readonly restored: boolean;
}

export class Sequences {
  private readonly slots: { id: number; scope: string | null; tokens: number[]; used: number }[];
  private uses = 0;
  /** Microseconds that evaluating one token takes. */
  us_per_token = 10_000;
  /** Bytes of one token in a file, and what is put in the place of the file's tokens. */
  breaks: { write?: () => void; read?: (tokens: readonly number[]) => readonly number[] } = {};

  constructor(
    private readonly chooser: Slots,
    count: number,
  ) {
    this.slots = Array.from({ length: count }, (_, id) => ({ id, scope: null, tokens: [], used: 0 }));
  }

  /** One prompt from start to end, as a worker does it: `answer` is what was generated behind it. */
  async run(scope: PrefixScope, tokens: readonly number[], answer: readonly number[] = []): Promise<Ran> {
    const wanted: Wanted = { scope, scope_digest: scopeDigest(scope), tokens };
    const { id, keep } = this.chooser.choose(wanted, this.slots.map((slot) => ({ ...slot })));
    const slot = this.slots.find((one) => one.id === id)!;
    const kept = slot.scope === wanted.scope_digest ? keep : 0;
    let restored = false;
    const hands: SlotHands = {
      save: (path, first) => Promise.resolve().then(() => (this.breaks.write?.(), writeFileSync(path, JSON.stringify(slot.tokens.slice(0, first))), 1)),
      restore: (path) => Promise.resolve().then(() => ((restored = true), (slot.tokens = [...(this.breaks.read ?? ((same) => same))(JSON.parse(readFileSync(path, "utf8")) as number[])]))),
    };
    const seen = (): Slot => ({ ...slot, tokens: [...slot.tokens] });
    if (slot.scope !== null && slot.scope !== wanted.scope_digest) await this.chooser.leaving(seen(), hands), (slot.tokens = []);
    slot.tokens.length = Math.min(slot.tokens.length, kept);
    Object.assign(slot, { scope: wanted.scope_digest, used: ++this.uses });
    const held = await this.chooser.entering(wanted, seen(), kept, hands);
    slot.tokens.length = Math.min(slot.tokens.length, held);
    const pause = this.chooser.pause(wanted, held);
    for (const upto of pause === null ? [tokens.length] : [pause, tokens.length]) {
      const fresh = upto - slot.tokens.length;
      slot.tokens = tokens.slice(0, upto);
      await this.chooser.evaluated(wanted, seen(), { fresh, us: fresh * this.us_per_token }, hands);
    }
    slot.tokens.push(...answer);
    return { id, cached: held, restored };
  }
}
