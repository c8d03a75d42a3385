/**
 * Inside the sandbox: drives a target through given cases, and writes down what was seen, one line for each case. It knows no
 * rule and no generator; what it saw is judged outside. Its arguments: the file to write.
 */
import { appendFileSync } from "node:fs";
import { asItWas, copied, exactly } from "./exact.ts";
import { LineTarget } from "./line-target.ts";

type State = Readonly<Record<string, unknown>>;
interface Model {
  init(): unknown;
  step(state: unknown, action: string, args: unknown): unknown;
}

interface Order {
  readonly kind: "function" | "model" | "command";
  readonly module: string;
  readonly export: string;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly fields: readonly string[];
  /** Names of what a function takes, in order, and of what it gives; `null`: an object of fields. */
  readonly args: readonly string[];
  readonly returns: string | null;
  readonly cases: readonly (readonly { readonly action: string; readonly args: State }[])[];
}

const order = JSON.parse(await Bun.stdin.text(), asItWas) as Order;
const [out = ""] = Bun.argv.slice(2);

/** The declared fields. */
function seen(state: unknown): State {
  const fields: State = typeof state === "object" && state !== null ? (state as State) : {};
  return Object.fromEntries(order.fields.flatMap((name) => {
    const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
    return value === undefined ? [] : [[name, copied(value)]];
  }));
}

const exported = order.kind === "command" ? new LineTarget(order.argv, order.cwd) : ((await import(order.module)) as Readonly<Record<string, unknown>>)[order.export];

async function called(args: State): Promise<State> {
  const result: unknown = await (exported as (...args: readonly unknown[]) => unknown)(...order.args.map((name) => args[name]));
  return seen(order.returns === null ? { ...args, ...(result as State) } : { ...args, [order.returns]: result });
}

async function driven(actions: Order["cases"][number], states: State[]): Promise<void> {
  if (order.kind === "function") {
    for (const { args } of actions) states.push(seen(args), await called(args));
    return;
  }
  const model = exported as Model;
  let state = await model.init();
  states.push(seen(state));
  for (const { action, args } of actions) {
    state = await model.step(state, action, args);
    states.push(seen(state));
  }
}

for (const actions of order.cases) {
  const states: State[] = [];
  let failed: string | null = null;
  try {
    await driven(actions, states);
  } catch (error) {
    failed = String(error).slice(0, 1_000);
  }
  appendFileSync(out, `${JSON.stringify({ states, failed }, exactly)}\n`);
}
if (exported instanceof LineTarget) exported.stop();
process.exit(0);
