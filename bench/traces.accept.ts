/** Runs of the real code held against the models of `specs/` by the real TLC: as it is, with a fault in the code, and with one number of the recording changed. */
import { afterAll, expect } from "bun:test";
import { join } from "node:path";
import { judgeTrace, traceModels } from "../daemon/analysis/modelcheck/traces/index.ts";
import { FAULTS, runOf } from "../daemon/analysis/modelcheck/traces/testing/runs.ts";
import { TLC_VERSION } from "../daemon/analysis/modelcheck/release.ts";
import { modelRig, modelsHere } from "../daemon/analysis/modelcheck/testing/rig.ts";
import { recorded } from "../daemon/analysis/modelcheck/traces/testing/recorded.ts";
import { Releasing } from "../daemon/gate/releasing/testing/releasing.ts";
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

const life = (...actions: readonly (readonly [action: string, seen: object])[]): string => `{"begin":1}\n${actions.map(([action, seen], n) => `${JSON.stringify({ n, machine: "Pipeline", of: 0, action, seen: { key: "change", ...seen } })}\n`).join("")}`;
const GATED = (attempt: number) => [["Ask", { client: 0 }], ["Join", { client: 0, clients: 1 }], ["Record", { attempt, recorded: false }]] as const;

accepts(tlc, "Pipeline: a process may die between an attempt that is on record and whoever was to be told of it, once", async () => {
  const killed = life(...GATED(1), ["Ask", { client: 1 }], ["Join", { client: 1, clients: 1 }]);
  const ended = (attempt: number): string => `${killed}${life(...GATED(attempt))}{"end":3}\n`;
  expect([await verdicts(ended(2)), await verdicts(ended(3))]).toEqual([["accepted"], ["accepted"]]);
  expect(await verdicts(ended(4))).toEqual([expect.stringContaining("refused")]);
});

accepts(tlc, "Pipeline: a person releases what a gate held, while others ask; a release that nobody recorded is none of it", async () => {
  await using one = await Releasing.open();
  const text = await recorded(async () => {
    const { source, base, head } = await one.held();
    await one.gate(source, base, head);
    const offer = await one.ask(head);
    const [released] = await Promise.all([one.answer(offer), one.gate(source, base, head), one.gate(source, base, head)]);
    expect(released.verdict).toBe("admit");
    expect((await one.gate(source, base, head)).recorded).toBe(true);
  });
  const pipeline = text.split("\n").filter((line) => line.includes('"Pipeline"') || !line.includes('"machine"'));
  const renumbered = (lines: readonly string[]): string => {
    const actions = lines.filter((line) => line.includes('"machine"')).map((line, n) => line.replace(/"n":\d+/, `"n":${n}`));
    return `{"begin":1}\n${actions.join("\n")}\n{"end":${actions.length}}\n`;
  };
  expect(await verdicts(renumbered(pipeline))).toEqual(["accepted"]);
  // The same without its line, and one in which the attempt from before it is the answer after it.
  const at = pipeline.findIndex((line) => line.includes('"action":"Release"'));
  expect(() => traceModels(renumbered(pipeline.toSpliced(at, 1)))).toThrow("a release that nobody recorded");
  const early = pipeline.map((line) => line.replace('"attempt":2', '"attempt":1').replace('"recorded":false', '"recorded":true'));
  expect(await verdicts(renumbered([...pipeline.slice(0, at), ...early.slice(at)]))).toEqual([expect.stringContaining("refused")]);
});

for (const fault of FAULTS) {
  accepts(tlc, `${fault.machine}, seeded fault: ${fault.title}`, async () => {
    const told = await verdicts(await runOf(fault.machine, SIZE, fault));
    process.stdout.write(`  ${told.find((one) => one !== "accepted") ?? "not noticed"}\n`);
    expect(told).toContainEqual(expect.stringContaining("refused"));
    expect(told.filter((one) => one.startsWith("unavailable"))).toEqual([]);
  });
}
