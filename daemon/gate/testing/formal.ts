/** What tests of models and invariants in a gate share: a change over a base that declares them. */
import type { Bundle } from "../../../proto/bundle.ts";
import type { GateResult } from "../../../proto/api.ts";
import type { HostConfig } from "../../../proto/config.ts";
import type { Counterexample } from "../../../proto/counterexample.ts";
import { fromBase64, fromUtf8Lossy } from "../../../proto/encoding.ts";
import { World } from "../../testing/core.ts";

type Files = Readonly<Record<string, string | null>>;

const CONFIG = 'version: 1\nspecs:\n  - spec: specs/Budget.tla\n    code: ["src/**"]\n';
export const MODULE = "---- MODULE Budget ----\nEXTENDS Naturals\nVARIABLE spent\nInit == spent = 0\nSpend == spent < 3 /\\ spent' = spent + 1\nNext == Spend\nSpec == Init /\\ [][Next]_spent\nWithin == spent <= 3\n====\n";
export const CFG = "SPECIFICATION Spec\nINVARIANT Within\nCHECK_DEADLOCK FALSE\n";
/** A model of a budget, and the code it mirrors. */
export const BUDGET = { "maestro.yaml": CONFIG, "specs/Budget.tla": MODULE, "specs/Budget.cfg": CFG, "src/budget.ts": "1\n" };
/** The guard forgets its bound. */
export const FAULT = MODULE.replace("spent < 3", "spent < 4");

const PAY = "id: PAY.CAP\nscope: payments\nwhen:\n  - event: payment\nfields: {ask: int, budget: int, spent: int}\nassert:\n  - expr: spent <= budget\n    message: spent {{spent}} of {{budget}}\n";
const TARGETS = "targets:\n  pay:\n    invariants: [PAY.CAP]\n    function: {module: src/pay.ts, export: pay, args: [ask, budget], returns: spent}\n    runs: 50\n";
export const pay = (returns: string): string => `export const pay = (ask: number, budget: number): number => ${returns};\n`;
/** A rule about payments, and the code that is driven to see whether it keeps it. */
export const DRIVEN = { "maestro.yaml": "version: 1\ninvariants: {folder: rules}\n", "rules/pay.yaml": PAY, "rules/targets.yaml": TARGETS, "src/pay.ts": pay("Math.min(ask, budget)") };
export const LOOSE_PAY = PAY.replace("spent <= budget", "spent <= ask");

/** Dispose it. */
export class FormalWorld implements AsyncDisposable {
  private serial = 0;

  private constructor(private readonly world: World) {}

  static async open(config: Partial<HostConfig> = {}): Promise<FormalWorld> {
    return new FormalWorld(await World.open(config));
  }

  async gated(head: Files, base: Files): Promise<GateResult> {
    const name = `formal${this.serial++}`;
    const source = this.world.scratch.source(name);
    await source.commit({ ...base }, "base");
    const target = source.git("rev-parse", "HEAD");
    const tip = await source.commit({ ...head }, "change");
    const intake = await this.world.received(source, [target, tip], name);
    return this.world.gate(intake, { target_ref: "refs/heads/main", target, head: tip });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.world[Symbol.asyncDispose]();
  }
}

export const checkOf = ({ card }: GateResult, name: string) => card.checks.find(({ check }) => check === name);

/** Rules that decided, with what they led to. */
export const rulesOf = ({ card }: Pick<GateResult, "card">): string[] => card.reasons.filter(({ effect, observed }) => effect !== "note" && !observed).map(({ rule, effect }) => `${rule} ${effect}`);

export const cexOf = ({ card }: Pick<GateResult, "card">): Counterexample[] => (card.counterexamples?.listed ?? []).map(({ document }) => JSON.parse(document ?? "{}") as Counterexample);

/** A document of the bundle by the beginning of its name. */
export function documentOf({ bundle }: GateResult, name: string): string | null {
  const { documents = [] } = JSON.parse(fromUtf8Lossy(fromBase64(bundle) ?? new Uint8Array(0))) as Bundle;
  const found = documents.find((one) => one.name.startsWith(name));
  return found === undefined ? null : fromUtf8Lossy(fromBase64(found.content) ?? new Uint8Array(0));
}
