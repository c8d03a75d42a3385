/** Runs of the real code held against the models of `specs/` by the real TLC: as it is, with a fault in the code, and with one number of the recording changed. */
import { afterAll, expect } from "bun:test";
import { join } from "node:path";
import { judgeTrace, traceModels } from "../daemon/analysis/modelcheck/traces/index.ts";
import { FAULTS, runOf } from "../daemon/analysis/modelcheck/traces/testing/runs.ts";
import { TLC_VERSION } from "../daemon/analysis/modelcheck/release.ts";
import { modelRig, modelsHere } from "../daemon/analysis/modelcheck/testing/rig.ts";
import { type Machine, MACHINES } from "../daemon/platform/actions/index.ts";
import { accepts } from "./rig/accepts.ts";
import { found, missing } from "./rig/built.ts";

const SPECS = join(import.meta.dir, "../specs");
const SIZE = { seed: "traces", steps: 150 };
const { toolchain, because } = await modelsHere();
const tlc = toolchain === null ? missing("TLC", because) : found("TLC", TLC_VERSION, toolchain.jar);
const rig = toolchain === null ? null : modelRig(toolchain);
afterAll(() => rig?.[Symbol.asyncDispose]());

async function verdicts(text: string): Promise<string[]> {
  if (rig === null) throw new Error(because);
  const told: string[] = [];
  for (const model of traceModels(text)) {
    const verdict = await judgeTrace(SPECS, model, (request) => rig.run(request));
    told.push(verdict.verdict === "accepted" ? "accepted" : `${verdict.verdict}: ${verdict.because}`);
  }
  return told;
}

for (const machine of MACHINES) {
  accepts(tlc, `${machine}: a run of the real code is one of its model, and one with a number in it changed is not`, async () => {
    const text = await runOf(machine, SIZE);
    const told = await verdicts(text);
    expect(told.length).toBeGreaterThan(0);
    expect(new Set(told)).toEqual(new Set(["accepted"]));
    expect(await verdicts(changed(text, machine))).toContainEqual(expect.stringContaining("refused"));
  });
}

/** What the last action of that kind is said to have left, made one more. */
const CHANGED: Readonly<Record<Machine, readonly [action: string, member: RegExp]>> = {
  Turnstile: ["Finish", /("waiting":)(\d+)/],
  Reporter: ["Fail", /("tries":)(\d+)/],
  Ledger: ["Settle", /("reserved":\{"wall_us":)(\d+)/],
  Pipeline: ["Record", /("attempt":)(\d+)/],
  WitnessedLog: ["Cosign", /("size":)(\d+)/],
};

function changed(text: string, machine: Machine): string {
  const [action, member] = CHANGED[machine];
  const lines = text.split("\n");
  const at = lines.findLastIndex((line) => line.includes(`"action":"${action}"`) && member.test(line));
  return lines.with(at, lines[at]!.replace(member, (_, name: string, value: string) => `${name}${Number(value) + 1}`)).join("\n");
}

for (const fault of FAULTS) {
  accepts(tlc, `${fault.machine}, seeded fault: ${fault.title}`, async () => {
    const told = await verdicts(await runOf(fault.machine, SIZE, fault));
    process.stdout.write(`  ${told.find((one) => one !== "accepted") ?? "not noticed"}\n`);
    expect(told).toContainEqual(expect.stringContaining("refused"));
    expect(told.filter((one) => one.startsWith("unavailable"))).toEqual([]);
  });
}
