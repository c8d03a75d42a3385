/** Parts of a property test that do not depend on its rule. */
import type { Plan } from "./plan.ts";

const RULE_OF_A_STATE = `  for (const clause of clauses) {
    counts.asked += 1;
    if (!holds(clause, now, old)) throw new Failed("rule", clause.path, \`\${clause.rule} does not hold\`, trace);
  }`;

/** What is the same in every test: counting, asking, copying what was seen. */
export const COMMON = `interface Clause {
  readonly path: string;
  readonly rule: string;
  readonly holds: (given: Given) => boolean;
}
interface Given {
  readonly now: ReturnType<typeof read>;
  readonly old: ReturnType<typeof read>;
  readonly has: (name: string) => boolean;
  readonly had: (name: string) => boolean;
}
interface Seen {
  readonly action: string;
  readonly args: State;
  readonly state: State;
}

/** "rule": the target broke it. "target": the target itself failed, which says nothing of the rule. */
class Failed extends Error {
  constructor(readonly kind: "rule" | "target", readonly clause: string, readonly said: string, readonly trace: readonly Seen[]) {
    super(\`\${said}\\n\${trace.map(({ action, args, state }) => \`  \${action}(\${JSON.stringify(args, exactly)}) -> \${JSON.stringify(state, exactly)}\`).join("\\n").slice(0, 20_000)}\`);
  }
}

function holds(clause: Clause, now: State, old: State): boolean {
  const given = (state: State) => (name: string) => Object.hasOwn(state, name) && state[name] !== undefined && state[name] !== null;
  try {
    return clause.holds({ now: read(now), old: read(old), has: given(now), had: given(old) });
  } catch (error) {
    if (error instanceof Refused || error instanceof RangeError) return false;
    throw error;
  }
}

function ask(clauses: readonly Clause[], now: State, old: State, trace: readonly Seen[]): void {
${RULE_OF_A_STATE}
}

/** The state as the target has it, and what the rule reads of it. */
async function called(action: string, args: State, trace: readonly Seen[], work: () => unknown): Promise<readonly [unknown, State]> {
  try {
    const state = await work();
    const now = seen(state);
    counts.calls += 1;
    counts.actions[action] = (counts.actions[action] ?? 0) + 1;
    return [state, now];
  } catch (error) {
    throw new Failed("target", "", \`the target failed: \${String(error)}\`, [...trace, { action, args, state: {} }]);
  }
}

/** The fields of the rule. */
function seen(state: unknown): State {
  const from: State = typeof state === "object" && state !== null ? (state as State) : {};
  return Object.fromEntries(FIELDS.flatMap((name) => {
    const value = Object.hasOwn(from, name) ? from[name] : undefined;
    return value === undefined ? [] : [[name, copied(value)]];
  }));
}

const differs = (a: State, b: State): boolean => FIELDS.some((name) => !Object.is(a[name], b[name]) && JSON.stringify(a[name], exactly) !== JSON.stringify(b[name], exactly));`;

const NO_COUNTS = "const counts = { cases: 0, calls: 0, asked: 0, changed: 0, skipped: 0, actions: {} as Record<string, number> };";

function functionCase({ actions: [action], returns }: Plan): string {
  const { name = "", args = [] } = action ?? {};
  const taken = args.map((argument) => `input.${argument.name}`).join(", ");
  const result = `await (target as (...args: readonly unknown[]) => unknown)(${taken})`;
  const type = args.map((argument) => `readonly ${argument.name}: unknown`).join("; ");
  return `${NO_COUNTS}
let last: State = {};

async function once(input: { ${type} }): Promise<void> {
  counts.cases += 1;
  const old = seen(input);
  if (!PRE.every((clause) => holds(clause, old, old))) {
    counts.skipped += 1;
    return;
  }
  const given: Seen = { action: "given", args: input, state: old };
  const [, now] = await called(${JSON.stringify(name)}, input, [given], async () => ({ ...input, ${returns === null ? `...(${result} as State)` : `${returns}: ${result}`} }));
  if (differs(last, now)) counts.changed += 1;
  last = now;
  ask([...ASSERT, ...POST], now, old, [given, { action: ${JSON.stringify(name)}, args: input, state: now }]);
}`;
}

function modelCase(plan: Plan): string {
  const object = plan.kind === "command" ? "target" : "model";
  const declared = plan.kind === "command" ? "" : `const model: { init(): unknown; step(state: unknown, action: string, args: unknown): unknown } = target;\n`;
  return `${declared}${NO_COUNTS}

async function once(steps: readonly { readonly action: string; readonly args: State }[]): Promise<void> {
  counts.cases += 1;
  const trace: Seen[] = [];
  let [state, old] = await called("init", {}, trace, () => ${object}.init());
  trace.push({ action: "init", args: {}, state: old });
${plan.initial ? "  ask(ASSERT, old, old, trace);\n" : ""}  for (const { action, args } of steps) {
    if (!PRE.every((clause) => holds(clause, old, old))) {
      counts.skipped += 1;
      continue;
    }
    const [after, now] = await called(action, args, trace, () => ${object}.step(state, action, args));
    trace.push({ action, args, state: now });
    if (differs(old, now)) counts.changed += 1;
    if (ASKED_AFTER.includes(action)) ask([...ASSERT, ...POST], now, old, trace);
    [state, old] = [after, now];
  }
}`;
}

export const CASE_OF: Readonly<Record<Plan["kind"], (plan: Plan) => string>> = { function: functionCase, model: modelCase, command: modelCase };

/** Runs it. A target that swallows its calls keeps every rule, so what ran is counted. */
export const ENDING = (title: string): string => `test(${JSON.stringify(title)}, async () => {
  const run = await fc.check(fc.asyncProperty(cases, once), { seed: SEED, path: PATH, numRuns: RUNS });
  const failure = run.errorInstance instanceof Failed ? run.errorInstance : null;
  const report = process.env["PROPERTY_REPORT"];
  if (report !== undefined) {
    const failed = run.failed ? { kind: failure?.kind ?? "test", clause: failure?.clause ?? "", said: failure?.said ?? String(run.errorInstance), trace: failure?.trace ?? [], seed: run.seed, path: run.counterexamplePath ?? "" } : null;
    writeFileSync(report, JSON.stringify({ counts, failed }, exactly));
  }
  if (run.failed) throw new Error(\`\${failure?.message ?? String(run.errorInstance)}\\nPROPERTY_SEED=\${run.seed} PROPERTY_PATH=\${run.counterexamplePath}\`);
  if (PATH !== "") return;
  expect(counts.calls).toBeGreaterThanOrEqual(RUNS / 10);
  expect(counts.asked).toBeGreaterThan(0);
  expect(counts.changed).toBeGreaterThan(0);
}, 600_000);`;
