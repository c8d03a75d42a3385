/**
 * Models of tlaplus/Examples at commit 32a32c7 (MIT, not in this project): a checkout of it in the folder MAESTRO_TLA_EXAMPLES names, or in
 * `vectors/tlaplus-examples` of the test data. Counts of passes are those of its own manifests; those of failures are what TLC 2.18 does with one worker.
 */
import { afterAll, expect } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { modelsIn } from "../daemon/analysis/modelcheck/folder.ts";
import { TLC_VERSION } from "../daemon/analysis/modelcheck/release.ts";
import { modelRig, modelsHere } from "../daemon/analysis/modelcheck/testing/rig.ts";
import { ModelLimits } from "../proto/model.ts";
import { accepts } from "./rig/accepts.ts";
import { found, missing } from "./rig/built.ts";

const FOLDER = Bun.env["MAESTRO_TLA_EXAMPLES"] ?? join(Bun.env["MAESTRO_CORPORA"] ?? join(import.meta.dir, "../../shared"), "vectors/tlaplus-examples");
const SPECS = join(FOLDER, "specifications");

const CASES: readonly { readonly model: string; readonly says: string }[] = [
  { model: "transaction_commit/TwoPhase", says: "288 of 1146" },
  { model: "transaction_commit/2PCwithBTM", says: "1245 of 5841" },
  { model: "SpecifyingSystems/FIFO/MCInnerFIFO", says: "3864 of 9660" },
  { model: "SpecifyingSystems/TLC/MCAlternatingBit", says: "240 of 1392" },
  { model: "SpecifyingSystems/Liveness/MCLiveInternalMemory", says: "4408 of 21400" },
  { model: "Prisoners/Prisoners", says: "214 of 860" },
  { model: "DiningPhilosophers/DiningPhilosophers", says: "67 of 336" },
  { model: "byihive/VoucherLifeCycle", says: "64 of 193" },
  { model: "Disruptor/Disruptor_SPMC", says: "8496 of 28049" },
  { model: "ReadersWriters/MC", says: "21527 of 59674" },
  { model: "SingleLaneBridge/MC", says: "3605 of 20181" },
  { model: "DieHard/DieHard", says: "12 invariant NotSolved, 7 states, at 14 of 73" },
  { model: "acp/ACP_NB_WRONG_TLC", says: "12 invariant AC1" },
  { model: "spanning/MC_spanning", says: "12 invariant TypeOK" },
];

const { toolchain, because } = await modelsHere();
const tlc = toolchain === null ? missing("TLC", because) : found("TLC", TLC_VERSION, toolchain.jar);
const rig = toolchain === null ? null : modelRig(toolchain);
afterAll(() => rig?.[Symbol.asyncDispose]());
const limits = { ...Value.Create(ModelLimits), wall_ms: 240_000, cpu_s: 240 };

for (const { model, says } of CASES) {
  accepts(tlc, `tlaplus/Examples ${model}: ${says}`, async () => {
    if (!existsSync(SPECS)) throw new Error(`there is no checkout of tlaplus/Examples (32a32c7) in ${FOLDER}; name one in MAESTRO_TLA_EXAMPLES`);
    const at = model.lastIndexOf("/");
    const [one] = modelsIn(join(SPECS, model.slice(0, at)), [model.slice(at + 1)], limits);
    if (one === undefined || rig === null) throw new Error(because);
    const { outcome } = await rig.run(one.request, limits);
    if (outcome.result === "unavailable") throw new Error(outcome.because);
    if (outcome.result === "pass") expect(`${outcome.counts.distinct} of ${outcome.counts.generated}`).toBe(says);
    else expect(`${outcome.violation.exit} ${outcome.violation.kind} ${outcome.violation.name}, ${outcome.trace.steps.length} states, at ${outcome.counts?.distinct} of ${outcome.counts?.generated}`).toStartWith(says);
    if (outcome.result === "fail") expect(outcome.trace.steps.every(({ state }) => Object.keys(state).length > 0)).toBe(true);
  });
}
