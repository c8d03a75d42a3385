/** Conditions as TLA+ text, evaluated by the real TLC, against what the closures say. */
import { expect } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TLC_VERSION } from "../daemon/analysis/modelcheck/release.ts";
import { modelsHere } from "../daemon/analysis/modelcheck/testing/rig.ts";
import { tlaCases } from "../daemon/invariants/testing/tla-cases.ts";
import { accepts, run } from "./rig/accepts.ts";
import { found, missing } from "./rig/built.ts";

/** The same conditions for everybody who judges one commit; others with MAESTRO_SEED. */
const SEED = Number(process.env["MAESTRO_SEED"] ?? 20_261_124);
const CASES = 900;
const { toolchain, because } = await modelsHere();
const tlc = toolchain === null ? missing("TLC", because) : found("TLC", TLC_VERSION, toolchain.jar);

accepts(tlc, `evaluates ${CASES} random conditions, seed ${SEED}, to what the closures evaluate them to`, async () => {
  const folder = mkdtempSync(join(tmpdir(), "maestro-accept-tla-"));
  try {
    const { module, cases, not_expressible } = tlaCases(SEED, CASES);
    writeFileSync(join(folder, "Cases.tla"), module);
    writeFileSync(join(folder, "Cases.cfg"), "");
    for (const inner of ["tmp", "meta"]) mkdirSync(join(folder, inner));
    const { code, stdout } = await run([toolchain?.java.program ?? "", "-XX:+UseSerialGC", "-Xss16m", "-Xmx512m", `-Djava.io.tmpdir=${join(folder, "tmp")}`, "-cp", tlc.path(), "tlc2.TLC", "-metadir", join(folder, "meta"), "-config", "Cases.cfg", "Cases"], { cwd: folder });
    const said = new Map([...stdout.matchAll(/^<<"case", ([0-9]+), (TRUE|FALSE)>>$/gm)].map(([, i, answer]) => [Number(i), answer === "TRUE"]));
    const wrong = cases.flatMap(({ text, answer }, i) => (said.get(i) === answer ? [] : [`${text}: closure ${answer}, TLC ${said.get(i) ?? stdout.split("\n").filter((line) => /rror/.test(line)).slice(0, 3).join(" ")}`]));
    expect({ seed: SEED, wrong: wrong.slice(0, 5) }).toEqual({ seed: SEED, wrong: [] });
    expect(code).toBe(0);
    // Neither answer is a rare one, and TLA+ says most of the language.
    const kept = cases.filter(({ answer }) => answer).length;
    expect([kept > CASES / 5, CASES - kept > CASES / 5]).toEqual([true, true]);
    process.stdout.write(`${kept} of ${CASES} true; no TLA+ for ${Object.values(not_expressible).reduce((sum, one) => sum + one, 0)}\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
