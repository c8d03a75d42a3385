/** A seeded fault in queue, ledger and retry of the daemon's own code, and in models and rules, as a change: refused by a gate, with the counterexample on its card. */
import { afterAll, expect } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Fault, planIn, Rig, ROOT, shipped } from "../daemon/analysis/properties/testing/rig.ts";
import { modelsHere } from "../daemon/analysis/modelcheck/testing/rig.ts";
import { TLC_VERSION } from "../daemon/analysis/modelcheck/release.ts";
import { BUDGET, CFG, cexOf, checkOf, DRIVEN, FAULT, FormalWorld, LOOSE_PAY, pay, rulesOf } from "../daemon/gate/testing/formal.ts";
import { accepts } from "./rig/accepts.ts";
import { found, missing } from "./rig/built.ts";

const { toolchain, because } = await modelsHere();
const tlc = toolchain === null ? missing("TLC", because) : found("TLC", TLC_VERSION, toolchain.jar);
const rig = new Rig();
const tier = await rig.sandbox.tier("bwrap");
const bwrap = tier.usable ? found("bubblewrap", tier.version, "bwrap") : missing("bubblewrap", tier.because);
const world = await FormalWorld.open();
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await rig.close();
});

const SEEDED: readonly (Fault & { readonly target: string; readonly invariant: string })[] = [
  { target: "queue", invariant: "INV.QUEUE.NO_IDLE_PLACE", file: "daemon/gate/turnstile.ts", text: "this.shares.give(tenant);\n      this.advance();", becomes: "this.shares.give(tenant);" },
  { target: "ledger", invariant: "INV.LEDGER.CAP", file: "daemon/tenants/ledger/core.ts", text: "const taken = add(spent, reserved);", becomes: "const taken = spent;" },
  { target: "retry", invariant: "INV.RETRY.BOUNDED", file: "daemon/reporter/reporter.ts", text: "doubled_ms * (0.5 + random() / 2)", becomes: "doubled_ms * random()" },
];

/** The invariants of this repository, and of its targets the one that is asked about. */
function rules(target: string): Record<string, string> {
  const texts = readdirSync(join(ROOT, "invariants")).filter((name) => name.endsWith(".yaml")).map((name) => [name, readFileSync(join(ROOT, "invariants", name), "utf8")] as const);
  return Object.fromEntries(texts.map(([name, text]) => [`invariants/${name}`, name === "targets.yaml" ? only(text, target) : text]));
}

/** One entry of a document of targets, by its indentation. */
function only(text: string, target: string): string {
  const entries = text.split(/^(?=  [a-z])/m);
  return `targets:\n${entries.filter((entry) => entry.startsWith(`  ${target}:`)).join("")}`;
}

for (const { target, invariant, ...fault } of SEEDED) {
  accepts(bwrap, `a seeded fault in the ${target} is refused, with the counterexample on the card`, async () => {
    const { module } = planIn(shipped(), target, invariant);
    const code = async (given: Fault | null): Promise<string> => readFileSync(join(await rig.bundled(module, given), module), "utf8");
    const base = { "maestro.yaml": "version: 1\ninvariants: {folder: invariants}\nthresholds: {size_lines_max: 800}\n", ...rules(target), [module]: await code(null) };
    const result = await world.gated({ [module]: await code(fault) }, { ...base, "maestro.yaml": `version: 1\ninvariants: {folder: invariants, code: ["${module}"]}\n` });
    expect([result.verdict, rulesOf(result).includes("invariant.violated refuse")]).toEqual(["refuse", true]);
    expect(cexOf(result)[0]).toMatchObject({ engine: "fast-check", invariant, replay: { verdict: "reproduced" } });
  });
}

accepts(bwrap, "the change's own rules do not count, and code that keeps them is admitted", async () => {
  const broken = await world.gated({ "src/pay.ts": pay("ask"), "rules/pay.yaml": LOOSE_PAY }, DRIVEN);
  expect([broken.verdict, rulesOf(broken)]).toEqual(["refuse", ["invariant.violated refuse", "invariant.weakened hold"]]);
  expect((await world.gated({ "src/pay.ts": pay("Math.min(budget, ask)") }, DRIVEN)).verdict).toBe("admit");
  expect(checkOf(await world.gated({ "src/pay.ts": null }, DRIVEN), "invariants")?.result).toBe("unavailable");
});

accepts(tlc, "asking less does not help: the base's configuration is asked of the changed model, too", async () => {
  const result = await world.gated({ "specs/Budget.tla": FAULT, "specs/Budget.cfg": CFG.replace("INVARIANT Within\n", "") }, BUDGET);
  expect(rulesOf(result)).toEqual(["model.violated refuse", "model.changed hold", "model.weakened hold"]);
  expect(result.card.reasons[0]?.because).toContain("under the base's configuration: invariant Within is violated");
});

const read = (name: string): string => readFileSync(join(ROOT, "specs", name), "utf8");

/** The twin's operator in place of the one it replaces, as a change would put it. */
function twinned(name: string): string {
  const [, replaced = "", broken = ""] = /^ *(\w+) <- (\w+)$/m.exec(read(`${name}Broken.cfg`)) ?? [];
  const twin = read(`${name}Broken.tla`);
  const fault = twin.slice(twin.indexOf(`\n${broken}`), twin.lastIndexOf("\n====")).replace(broken, replaced);
  const module = read(`${name}.tla`);
  const from = module.search(new RegExp(`^${replaced}\\b`, "m"));
  const to = module.indexOf("\n\n", from);
  return `${module.slice(0, from)}${fault.trim()}${module.slice(to)}`;
}

const MODELS: readonly (readonly [name: string, faulty: () => string])[] = [
  ["Ledger", () => twinned("Ledger")],
  ["Turnstile", () => twinned("Turnstile")],
  ["Reporter", () => read("Reporter.tla").replace("Again == tries + 1 < TriesMax", "Again == tries < TriesMax")],
];

for (const [name, faulty] of MODELS) {
  accepts(tlc, `the model ${name} of this repository is refused with a fault in it, with the behaviour on the card`, async () => {
    const text = faulty();
    expect(text).not.toBe(read(`${name}.tla`));
    const base = { "maestro.yaml": `version: 1\nspecs: [{spec: specs/${name}.tla, code: ["src/**"]}]\n`, [`specs/${name}.tla`]: read(`${name}.tla`), [`specs/${name}.cfg`]: read(`${name}.cfg`) };
    const result = await world.gated({ [`specs/${name}.tla`]: text }, base);
    expect([checkOf(result, "modelcheck")?.because ?? null, result.verdict, rulesOf(result)]).toEqual([null, "refuse", ["model.violated refuse", "model.changed hold"]]);
    expect(cexOf(result)[0]).toMatchObject({ engine: "tlc", replay: { verdict: "reproduced" } });
  });
}
