/** A seeded fault in queue, ledger and retry of the daemon's own code, and in models and rules, as a change: refused by a gate, with the counterexample on its card. */
import { afterAll, expect } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Fault, planIn, Rig, ROOT, shipped } from "../daemon/analysis/properties/testing/rig.ts";
import { ledger } from "../daemon/analysis/agreement/testing/ledger.ts";
import { queue } from "../daemon/analysis/agreement/testing/queue.ts";
import { retry } from "../daemon/analysis/agreement/testing/retry.ts";
import type { Subject } from "../daemon/analysis/agreement/testing/subject.ts";
import { modelsHere } from "../daemon/analysis/modelcheck/testing/rig.ts";
import { TLC_VERSION } from "../daemon/analysis/modelcheck/release.ts";
import { BUDGET, CFG, cexOf, checkOf, DRIVEN, FAULT, FormalWorld, LOOSE_PAY, pay, rulesOf } from "../daemon/gate/testing/formal.ts";
import { unfolded, World } from "../daemon/e2e/testing/world.ts";
import type { Counterexample } from "../proto/counterexample.ts";
import { accepts } from "./rig/accepts.ts";
import { found, missing } from "./rig/built.ts";

const { toolchain, because } = await modelsHere();
const tlc = toolchain === null ? missing("TLC", because) : found("TLC", TLC_VERSION, toolchain.jar);
const rig = new Rig();
const tier = await rig.sandbox.tier("bwrap");
const bwrap = tier.usable ? found("bubblewrap", tier.version, "bwrap") : missing("bubblewrap", tier.because);
const world = await FormalWorld.open();
const cli = new World();
afterAll(async () => {
  await cli.dispose();
  await world[Symbol.asyncDispose]();
  await rig.close();
});

/** What every engine found in the agreement, as a change of code. */
const agreed = ({ fault: { file, from, to } }: Subject): Fault => ({ file: `daemon/${file}`, text: from, becomes: to });

const SEEDED: readonly (Fault & { readonly target: string; readonly invariant: string })[] = [
  { target: "ledger", invariant: "INV.LEDGER.CAP", ...agreed(ledger) },
  { target: "retry", invariant: "INV.RETRY.BOUNDED", ...agreed(retry) },
  { target: "queue", invariant: "INV.QUEUE.FAIR", ...agreed(queue) },
  { target: "queue", invariant: "INV.QUEUE.NO_IDLE_PLACE", file: "daemon/gate/turnstile.ts", text: "this.shares.give(tenant);\n      this.advance();", becomes: "this.shares.give(tenant);" },
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

/** As a person types it: the gate refuses, its card and its bundle have the case, and a stranger sees that nobody changed it since. */
async function refusedByGate(base: Record<string, string>, change: Record<string, string>, rule: string): Promise<Counterexample> {
  const repository = await cli.changed(base, change);
  const judged = await cli.judged(repository);
  expect([judged.code, judged.verdict, rulesOf(judged).filter((one) => one === `${rule} refuse`)]).toEqual([1, "refuse", [`${rule} refuse`]]);
  const [cex] = cexOf(judged);
  if (cex === undefined) throw new Error("no counterexample on the card");
  expect(cex.replay.verdict).toBe("reproduced");
  const line = `${cex.invariant} breaks: ${cex.message.slice(0, 30)}`;
  const [card, shown, verified] = [unfolded(await cli.run(["card", judged.bundle])), unfolded(await cli.run(["cex", "show", judged.bundle])), unfolded(await cli.run(["verify", judged.bundle]))];
  expect([card.stdout.includes(line), shown.code, shown.stdout.includes(line)]).toEqual([true, 0, true]);
  expect([verified.code, verified.stdout.includes("that the counterexample breaks what it says: nothing is run here")]).toEqual([0, true]);
  const bundle = readFileSync(judged.bundle, "utf8");
  const at = bundle.indexOf('"content":"', bundle.indexOf('"documents":[')) + 100;
  const tampered = cli.path("tampered.json");
  writeFileSync(tampered, bundle.slice(0, at) + (bundle[at] === "A" ? "B" : "A") + bundle.slice(at + 1));
  expect((await cli.run(["verify", tampered])).code).toBe(1);
  return cex;
}

for (const { target, invariant, ...fault } of SEEDED) {
  accepts(bwrap, `a seeded fault in the ${target} that breaks ${invariant} (${fault.becomes.trim()}) is refused by maestro gate, with the counterexample on the card and in the bundle`, async () => {
    const { module } = planIn(shipped(), target, invariant);
    const code = async (given: Fault | null): Promise<string> => readFileSync(join(await rig.bundled(module, given), module), "utf8");
    const base = { "maestro.yaml": "version: 1\ninvariants: {folder: invariants}\nthresholds: {size_lines_max: 800}\n", ...rules(target), [module]: await code(null) };
    const cex = await refusedByGate({ ...base, "maestro.yaml": `version: 1\ninvariants: {folder: invariants, code: ["${module}"]}\n` }, { [module]: await code(fault) }, "invariant.violated");
    expect(cex).toMatchObject({ engine: "fast-check", invariant });
  });
}

accepts(bwrap, "the change's own rules do not count, and code that keeps them is admitted", async () => {
  const broken = await world.gated({ "src/pay.ts": pay("ask"), "rules/pay.yaml": LOOSE_PAY }, DRIVEN);
  expect([broken.verdict, rulesOf(broken)]).toEqual(["refuse", ["invariant.violated refuse", "invariant.weakened hold"]]);
  expect((await world.gated({ "src/pay.ts": pay("Math.min(budget, ask)") }, DRIVEN)).verdict).toBe("admit");
});

accepts(bwrap, "attack: a change keeps its code from being driven, so that no rule is broken by it", async () => {
  for (const src of [null, `${pay("ask")}throw new Error("not today");\n`, `${pay("ask")}process.exit(0);\n`]) {
    const result = await world.gated({ "src/pay.ts": src }, DRIVEN);
    expect([checkOf(result, "invariants")?.result, result.verdict, rulesOf(result)]).toEqual(["unavailable", "hold", ["gate.check-unavailable hold"]]);
  }
});

accepts(bwrap, "attack: a change breaks the rule and has the target's driver, which it edits too, show nothing of it", async () => {
  const driver = (shows: string): string => `import { pay } from "../src/pay.ts";\nexport const account = { init: () => ({ ask: 0, budget: 9, spent: 0 }), step: (_: unknown, __: string, { ask }: { ask: number }) => ({ ask, budget: 9, spent: ${shows} }) };\n`;
  const targets = "targets:\n  account:\n    invariants: [PAY.CAP]\n    model: {module: test/account.ts, export: account}\n    actions: {ask: {args: {ask: {type: int, min: 0, max: 20}}}}\n    runs: 20\n";
  const base = { ...DRIVEN, "rules/targets.yaml": targets, "test/account.ts": driver("pay(ask, 9)") };
  const result = await world.gated({ "src/pay.ts": pay("ask"), "test/account.ts": driver("Math.min(pay(ask, 9), 9)") }, base);
  const [reason] = result.card.reasons.filter(({ rule }) => rule === "invariant.driver-changed");
  expect([checkOf(result, "invariants")?.result, reason?.effect, reason?.because.split(":")[0]]).toEqual(["fail", "note", "what the change's own code is driven by was edited by a person"]);
});

accepts(bwrap, "limits.property of the host bound a run of the gate, and what passes one is no pass", async () => {
  await using small = await FormalWorld.open({ limits: { property: { report_bytes_max: 16 } } });
  const result = await small.gated({ "src/pay.ts": pay("Math.min(budget, ask)") }, DRIVEN);
  expect(checkOf(result, "invariants")).toMatchObject({ result: "unavailable", because: expect.stringContaining("left no report") });
  expect(result.verdict).toBe("hold");
});

accepts(tlc, "limits.model of the host bound a run of TLC, and what passes one is no pass", async () => {
  await using small = await FormalWorld.open({ limits: { model: { output_bytes_max: 16 } } });
  const result = await small.gated({ "src/budget.ts": "2\n" }, BUDGET);
  expect(checkOf(result, "modelcheck")).toMatchObject({ result: "unavailable", because: expect.stringContaining("TLC's output was not to be had") });
  expect(result.verdict).toBe("hold");
});

accepts(tlc, "asking less does not help: the base's configuration is asked of the changed model, too", async () => {
  const result = await world.gated({ "specs/Budget.tla": FAULT, "specs/Budget.cfg": CFG.replace("INVARIANT Within\n", "") }, BUDGET);
  expect(rulesOf(result)).toEqual(["model.violated refuse", "model.changed hold", "model.weakened hold"]);
  expect(result.card.reasons[0]?.because).toContain("under the base's configuration: invariant Within is violated");
});

accepts(tlc, "attack: a configuration gives its invariant a value, puts it behind a sign that TLC stops at, or hides it behind a comment's end", async () => {
  for (const cfg of [`${CFG}CONSTANT Within = TRUE\n`, CFG.replace("INVARIANT Within", "; INVARIANT Within"), CFG.replace("INVARIANT Within", '(* "*) \\* " INVARIANT Within')]) {
    const result = await world.gated({ "specs/Budget.cfg": cfg }, BUDGET);
    expect([result.verdict, rulesOf(result).includes("model.weakened hold")]).toEqual(["hold", true]);
  }
});

const read = (name: string): string => readFileSync(join(ROOT, "specs", name), "utf8");

/** The module with the fault that every engine of docs/agreement.md was asked about, as a change would put it. */
function faulty({ fault: { machine }, model: { twin: { operator, parameters, body } } }: Subject): string {
  const module = read(`${machine}.tla`);
  const from = module.search(new RegExp(`^${operator}\\b`, "m"));
  return `${module.slice(0, from)}${operator}${parameters} == ${body}${module.slice(module.indexOf("\n\n", from))}`;
}

for (const subject of [ledger, retry, queue]) {
  const name = subject.fault.machine;
  accepts(tlc, `the model ${name} of this repository with "${subject.fault.title}" is refused by maestro gate, with the behaviour on the card and in the bundle`, async () => {
    const text = faulty(subject);
    expect(text).not.toBe(read(`${name}.tla`));
    const base: Record<string, string> = { "maestro.yaml": `version: 1\nspecs: [{spec: specs/${name}.tla, code: ["src/**"]}]\n`, [`specs/${name}.tla`]: read(`${name}.tla`), [`specs/${name}.cfg`]: read(`${name}.cfg`) };
    expect(await refusedByGate(base, { [`specs/${name}.tla`]: text }, "model.violated")).toMatchObject({ engine: "tlc", invariant: `${name}.${subject.model.invariant}` });
  });
}
