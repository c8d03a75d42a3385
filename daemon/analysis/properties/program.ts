/** What `maestro invariants test` and `generate` start: property tests of a folder's targets, one JSON line for each, then the report. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { Value } from "@sinclair/typebox/value";
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import { PropertyLimits } from "../../../proto/limits.ts";
import type { PropertyReport, PropertyRow } from "../../../proto/property.ts";
import { untilNobodyAsks } from "../../platform/asker.ts";
import { systemClock } from "../../platform/clock.ts";
import { ownSandbox } from "../modelcheck/own-sandbox.ts";
import { testFile } from "./emit/test-file.ts";
import { chosen, targetsIn, type Chosen } from "./folder.ts";
import { runProperty, type PropertyOptions } from "./run.ts";
import { insideSources } from "./sandboxed.ts";

const say = (event: unknown): void => void process.stdout.write(`${JSON.stringify(event)}\n`);

function numberOf(text: string | undefined): number | null {
  return text === undefined ? null : Number(text);
}

async function tested(all: readonly Chosen[], tree_dir: string, options: PropertyOptions): Promise<PropertyReport> {
  await using stack = new AsyncDisposableStack();
  const work_dir = mkdtempSync(join(tmpdir(), "maestro-property-"));
  stack.defer(() => rmSync(work_dir, { recursive: true, force: true }));
  const sandbox = ownSandbox();
  stack.defer(() => sandbox.close());
  const stopped = untilNobodyAsks();
  const deps = { sandbox, work_dir, tree_dir, limits: Value.Create(PropertyLimits) };
  const rows: PropertyRow[] = [];
  for (const { target, invariant, plan } of all) {
    const row: PropertyRow = "because" in plan ? { target, invariant, seed: 0, outcome: { result: "unavailable", reason: "declared", because: plan.because }, us: 0 } : await runProperty(plan, deps, options, stopped, () => systemClock.monotonic_ms());
    rows.push(row);
    say({ event: "row", row });
  }
  return { rows };
}

/** The test as a file that somebody keeps at `out`, which imports the target from there. */
function generated(all: readonly Chosen[], tree_dir: string, out: string): string {
  const [first, more] = all;
  if (first === undefined || more !== undefined) throw new MaestroError("cli.usage", `a file holds one test, and this is about ${all.map(({ target, invariant }) => `${target} with ${invariant}`).join(", ")}; name one target, and one with --invariant`);
  if ("because" in first.plan) throw new MaestroError("cli.usage", first.plan.because);
  // Kept by others on other machines, so the place of the rule is that in the tree.
  const plan = { ...first.plan, invariant: { ...first.plan.invariant, file: relative(tree_dir, first.plan.invariant.file) } };
  const there = relative(dirname(resolve(out)), join(tree_dir, first.plan.module)).replaceAll("\\", "/");
  const written = testFile(plan, { specifier: there.startsWith(".") ? there : `./${there}`, file: relative(tree_dir, resolve(out)), inside: insideSources() });
  if ("because" in written) throw new MaestroError("cli.usage", written.because);
  return written.text;
}

async function main(): Promise<number> {
  const string = { type: "string" } as const;
  const { values, positionals: [verb, ...names] } = parseArgs({ args: Bun.argv.slice(2), options: { folder: string, tree: string, invariant: string, seed: string, path: string, runs: string, out: string }, allowPositionals: true, strict: true });
  const tree_dir = resolve(values.tree ?? ".");
  const all = chosen(targetsIn(values.folder ?? "invariants"), names, values.invariant ?? null);
  if (verb === "generate") say({ event: "generated", text: generated(all, tree_dir, values.out ?? "") });
  else {
    const [seed, runs] = [numberOf(values.seed), numberOf(values.runs)];
    say({ event: "report", report: await tested(all, tree_dir, { ...(seed === null ? {} : { seed }), ...(runs === null ? {} : { runs }), path: values.path ?? "" }) });
  }
  return EXIT.admit;
}

try {
  process.exitCode = await main();
} catch (error) {
  const failure = error instanceof MaestroError ? error : new MaestroError("internal.bug", String(error), { cause: error });
  say({ event: "failure", code: failure.code, detail: failure.detail });
  process.exitCode = EXIT.internal;
}
