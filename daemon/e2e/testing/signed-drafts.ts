/** What tests of signed drafts share: a gate on record, and a draft that nobody had to write. */
import { createHash } from "node:crypto";
import type { Draft, DraftReply } from "../../../proto/drafting.ts";
import type { EvidenceBundle } from "../../../proto/evidence-bundle.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { bundlingOf } from "../../bundles.ts";
import { DraftSigning } from "../../gate/draft-signing.ts";
import { findGate } from "../../gate/lookup.ts";
import { readReply } from "../../gate/reply.ts";
import { gated, source } from "../../integrity/testing/killed.ts";
import type { Source } from "../../platform/git/testing/scratch.ts";
import type { GateRow } from "../../store/gates.ts";
import { World } from "../../testing/core.ts";
import { ownUser } from "../../testing/tenants.ts";

export const codeOf = (work: Promise<unknown>): Promise<unknown> => work.then(() => null, (error: unknown) => (error instanceof MaestroError ? error.code : error));
export const sha256 = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");

export class SignedDrafts implements AsyncDisposable {
  private gates = 0;

  private constructor(
    readonly world: World,
    private readonly work: Source,
  ) {}

  static async open(): Promise<SignedDrafts> {
    const world = await World.open();
    return new SignedDrafts(world, await source(world));
  }

  /** Of a change that nobody gated before. */
  async row(): Promise<GateRow> {
    const { gate_id } = await gated(this.world, this.work, (this.gates += 1));
    return findGate(this.world.core.gates, ownUser(7), gate_id);
  }

  async sign(row: GateRow, text: string, { cpu_us = 1, signing = new DraftSigning(this.world.core), lane = "uid:7" } = {}): Promise<NonNullable<DraftReply["signed"]>> {
    const stored = await readReply(this.world.core.artifacts, row);
    if (stored === null) throw new Error(`no reply of ${row.gate_id}`);
    const draft: Draft = { task: "summary", path: "rules", text, sha256: sha256(text), because: "", cost: { usd_micro: 0, cpu_us, gpu_us: 0, tokens: 0 } };
    return signing.sign(row, stored.reply, [draft], lane);
  }

  bundled(row: GateRow): Promise<EvidenceBundle> {
    return bundlingOf(this.world.core).of(row, () => true);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.world[Symbol.asyncDispose]();
  }
}
