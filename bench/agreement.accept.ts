/**
 * A seeded fault in the ledger, the retries and the queue, found by every engine on its own: the property test and the guard over the real code, the
 * solver over its step, TLC over its model. Each counterexample goes through an ITF file and breaks in all the others. Prints the table of docs/agreement.md.
 */
import { afterAll, expect } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { byGuard, byModel, byProperty, bySolver, candidate, guarded, invariantOf, planOf, type RunTlc, type Sides, sidesOf, smallValues, traceByModel } from "../daemon/analysis/agreement/testing/engines.ts";
import { ledger } from "../daemon/analysis/agreement/testing/ledger.ts";
import { queue } from "../daemon/analysis/agreement/testing/queue.ts";
import { retry } from "../daemon/analysis/agreement/testing/retry.ts";
import type { Subject } from "../daemon/analysis/agreement/testing/subject.ts";
import { TLC_VERSION } from "../daemon/analysis/modelcheck/release.ts";
import { modelRig, modelsHere } from "../daemon/analysis/modelcheck/testing/rig.ts";
import { solverOf } from "../daemon/analysis/smt/index.ts";
import { replayed } from "../daemon/checking/replayed.ts";
import { canonicalBytes } from "../proto/canonical.ts";
import { type Candidate, Counterexample, counterexampleBytes } from "../proto/counterexample.ts";
import { fromItf, toItf } from "../proto/itf.ts";
import { accepts } from "./rig/accepts.ts";
import { found, missing } from "./rig/built.ts";

const { toolchain, because } = await modelsHere();
const tlc = toolchain === null ? missing("TLC", because) : found("TLC", TLC_VERSION, toolchain.jar);
const rig = toolchain === null ? null : modelRig(toolchain);
const solver = solverOf(join(import.meta.dir, ".."), () => performance.now());
const folder = mkdtempSync(join(tmpdir(), "agreement-"));
const checker = TypeCompiler.Compile(Counterexample);
const isCex = (value: unknown): value is Counterexample => checker.Check(value);
const PAGE = readFileSync(join(import.meta.dir, "../docs/agreement.md"), "utf8");
const rows: string[] = [];
afterAll(async () => {
  await solver.close();
  await rig?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
  process.stdout.write(`| seeded fault | engine | found as | property and code | guard | solver | TLC |\n| --- | --- | --- | --- | --- | --- | --- |\n${rows.join("\n")}\n`);
});
const runTlc: RunTlc = (request) => {
  if (rig === null) throw new Error(because);
  return rig.run(request);
};

interface Finding {
  readonly cex: Candidate;
  readonly as: string;
}

async function findings(subject: Subject, sides: Sides): Promise<Finding[]> {
  const some = async (as: string, made: Promise<Candidate | null>): Promise<Finding> => {
    const cex = await made;
    if (cex === null) throw new Error(`${as}: it does not break in the real code`);
    return { cex, as };
  };
  const property = await byProperty(subject, sides.broken);
  if (property === null) throw new Error("no property failed");
  const stopped = await byGuard(subject, sides.broken);
  if (stopped === null) throw new Error("the guard stopped nothing");
  const gap = await bySolver(subject, "broken", solver);
  expect(gap.answer).toBe("no");
  const { outcome, spec_sha256 } = await byModel(subject, "broken", runTlc);
  if (outcome.result !== "fail") throw new Error(JSON.stringify(outcome));
  expect(outcome.violation.name).toBe(subject.model.invariant);
  return [
    await some("a run that shrank", candidate(subject, sides, "fast-check", property.plan, { seed: property.seed, path: property.path })),
    await some("the first state it stopped, under load", candidate(subject, sides, "guard", stopped)),
    await some("values of one step", candidate(subject, sides, "smt", subject.planOf(smallValues(gap)), { smt2_sha256: gap.evidence.smt2_sha256 })),
    await some("a behaviour of the twin", candidate(subject, sides, "tlc", subject.model.planOf(outcome.trace), { spec_sha256 })),
  ];
}

/** Out as ITF, and in again from the file. */
function through(cex: Counterexample): Counterexample {
  const path = join(folder, `${cex.engine}.itf.json`);
  writeFileSync(path, canonicalBytes(toItf(cex)));
  const read = fromItf(readFileSync(path), { invariant: "another", engine: "guard", message: "m", replay: { command: ["x"] } }, isCex);
  expect(counterexampleBytes(read)).toEqual(counterexampleBytes(cex));
  return read;
}

/** Which engines see it break; each is asked of the code with the fault and of the code without. */
async function replays(subject: Subject, sides: Sides, cex: Counterexample): Promise<Record<"code" | "guard" | "solver" | "model", boolean>> {
  const invariant = invariantOf(subject);
  const trace = cex.trace ?? [];
  const states = trace.map(({ state }) => state);
  const last = states.length - 1;
  const plan = planOf(cex);
  const broken = await subject.drive(sides.broken, plan);
  const sound = await subject.drive(sides.sound, plan);
  const at = subject.valuesOf(trace);
  const [gap, none] = [await bySolver(subject, "broken", solver, at), await bySolver(subject, "sound", solver, at)];
  const model = await traceByModel(subject, "broken", broken.recording, runTlc);
  return {
    code: Bun.deepEquals(broken.states, states) && guarded(invariant, sound.states) === null,
    guard: guarded(invariant, states)?.at === last && guarded(invariant, states.slice(0, last)) === null,
    solver: gap.answer === "no" && none.answer === "yes",
    model: model.violated === subject.model.invariant && (await traceByModel(subject, "sound", broken.recording, runTlc)).violated === null,
  };
}

for (const subject of [ledger, retry, queue]) {
  accepts(tlc, `${subject.name}: ${subject.fault.title}: every engine finds it, and what one found breaks in all`, async () => {
    const sides = await sidesOf(subject);
    for (const { cex, as } of await findings(subject, sides)) {
      const shown = await replayed(cex, { engine: cex.engine, breaks: async (one) => guarded(invariantOf(subject), (await subject.drive(sides.broken, planOf(one))).states) !== null });
      if (shown.kind !== "counterexample") throw new Error(shown.finding.message);
      const told = await replays(subject, sides, through(shown.counterexample));
      const word = (is: boolean): string => (is ? "breaks" : "**does not**");
      rows.push(`| ${subject.name}: ${subject.fault.title} | ${cex.engine} | ${as} | ${word(told.code)} | ${word(told.guard)} | ${word(told.solver)} | ${word(told.model)} |`);
      expect(PAGE).toContain(rows.at(-1)!);
      expect([cex.engine, told]).toEqual([cex.engine, { code: true, guard: true, solver: true, model: true }]);
    }
  });

  accepts(tlc, `${subject.name}: none of them finds anything in the code as it is`, async () => {
    const sides = await sidesOf(subject);
    expect(await byProperty(subject, sides.sound)).toBeNull();
    expect((await bySolver(subject, "sound", solver)).answer).toBe("yes");
    expect((await byModel(subject, "sound", runTlc)).outcome.result).toBe("pass");
  });
}

accepts(tlc, "a counterexample of one fault breaks nothing that has another", async () => {
  const sides = await sidesOf(ledger);
  const property = await byProperty(ledger, sides.broken);
  const cex = property === null ? null : await candidate(ledger, sides, "fast-check", property.plan);
  if (cex === null) throw new Error("no property failed");
  const nothing = await replayed({ ...cex, engine: "guard" }, { engine: "guard", breaks: async (one) => guarded(invariantOf(ledger), (await ledger.drive(sides.sound, planOf(one))).states) !== null });
  expect(nothing.kind).toBe("not-reproduced");
});
