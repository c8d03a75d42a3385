/** `gate_change`: as `maestro gate` judges, with the evidence verified before a word of it is said. */
import type { Static } from "@sinclair/typebox";
import type { GateResult } from "../../../../proto/api.ts";
import { fromBase64 } from "../../../../proto/encoding.ts";
import { MaestroError } from "../../../../proto/errors.ts";
import type { MaestroClient } from "../../../client/maestro.ts";
import { planChange } from "../../../client/pack.ts";
import { acrossRestart } from "../../../client/session.ts";
import type { Values } from "../../command.ts";
import { keepBundle } from "../../commands/gate.ts";
import { connectOrStart } from "../../connect.ts";
import { place, type Placed } from "../../place.ts";
import { unverified, verifyAgainst } from "../../verification.ts";
import { planWorktree } from "../../worktree.ts";
import { decidedOf, headlineOf } from "../decided.ts";
import type { GateChangeInput } from "../schemas.ts";
import type { Call, Said } from "../tool.ts";

async function judged(client: MaestroClient, { plan, mode }: Placed, rerun: boolean, { signal, progress }: Call): Promise<GateResult> {
  let result: GateResult | undefined;
  const { intake_id } = await client.openIntake({ repository: plan.repository, mode, object_format: plan.object_format, cuts: [...plan.cuts], tips: [...plan.tips] });
  await client.sendPack(intake_id, plan.pack, signal);
  progress("the change is sent");
  const request = { intake_id, target_ref: plan.target_ref, target: plan.target, head: plan.head, ...(rerun ? { rerun } : {}) };
  for await (const event of client.gate(request, signal)) {
    if (event.event === "progress") progress([event.stage, event.check, event.result].filter((word) => word !== null).join(" "));
    else if (event.event === "result") result = event;
  }
  if (result === undefined) throw new MaestroError("worker.protocol", "the daemon's reply ended without a decision");
  return result;
}

export async function gateChange(values: Values, given: Static<typeof GateChangeInput>, call: Call): Promise<Said> {
  const { repository: path = ".", target, head, worktree, rerun = false, host_repository } = given;
  const asked: Values = { ...values, target, head, repository: host_repository };
  using uncommitted = worktree === true ? await planWorktree(path, asked) : null;
  const planned = uncommitted ?? { plan: await planChange(path, { target, head }), values: asked };
  const { client, locations } = await connectOrStart(values);
  const placed = await place(client, path, planned.plan, planned.values);
  const result = await acrossRestart(() => judged(client, placed, rerun, call));
  const kept = keepBundle(result, locations, values);
  const trust = fromBase64((await client.trust()).trust);
  if (trust === null) throw new MaestroError("trust.malformed", "the daemon's reply carries no strict base64");
  const verification = verifyAgainst(kept.bytes, trust, { witnesses: "later" });
  if (verification.result !== "verified") throw unverified(verification);
  return { headline: headlineOf(result.card), structured: { ...decidedOf(result.card, result.proof), recorded: result.recorded, evidence: verification.result, bundle: kept.path } };
}
