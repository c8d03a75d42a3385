/** What tests of property tests share: folders with targets, the daemon's own code with one line made wrong, and one run. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { PropertyLimits } from "../../../../proto/limits.ts";
import type { PropertyRow } from "../../../../proto/property.ts";
import { compileAll, type Folder, type Plan } from "../../../invariants/index.ts";
import { ownSandbox } from "../../modelcheck/own-sandbox.ts";
import { chosen, targetsIn } from "../folder.ts";
import { type PropertyOptions, runProperty } from "../run.ts";

export const ROOT = join(import.meta.dir, "../../../..");
const NEVER = new AbortController().signal;

/** A fault in the daemon's own code: in this file, this text becomes that. */
export interface Fault {
  readonly file: string;
  readonly text: string;
  readonly becomes: string;
}

export const shipped = (): Folder => targetsIn(join(ROOT, "invariants"));

/** One invariant about money, and what is asked to keep it. */
export function budget(targets: string, rule = "assert: [{expr: spent <= budget, message: 'spent {{spent}} of {{budget}}'}]"): Folder {
  const invariant = `id: INV.CAP\nscope: s\nwhen: [{event: spending}]\nfields: {spent: money, budget: money}\n${rule}\n`;
  const events = "events: {spending: {fields: {spent: money, budget: money}}, other: {fields: {spent: money, budget: money}}}\n";
  const folder = compileAll([{ name: "cap.yaml", text: invariant }, { name: "events.yaml", text: events }, { name: "targets.yaml", text: `targets:\n${targets.replace(/^/gm, "  ")}\n` }]);
  if (folder.errors.length > 0) throw new Error(JSON.stringify(folder.errors));
  return folder;
}

export function planIn(folder: Folder, target: string, invariant: string | null = null): Plan {
  const [{ plan } = { plan: { because: "none" } }] = chosen(folder, [target], invariant);
  if ("because" in plan) throw new Error(plan.because);
  return plan;
}

export interface Run extends PropertyOptions {
  readonly limits?: Partial<PropertyLimits>;
}

/** A sandbox and a folder of one test file's own; `close` takes both away. */
export class Rig {
  readonly sandbox = ownSandbox();
  readonly scratch = mkdtempSync(join(tmpdir(), "maestro-properties-"));
  #trees = 0;

  async close(): Promise<void> {
    await this.sandbox.close();
    rmSync(this.scratch, { recursive: true, force: true });
  }

  /** A tree with these files. */
  treeOf(files: Readonly<Record<string, string>>): string {
    this.#trees += 1;
    const tree = join(this.scratch, `tree-${this.#trees}`);
    mkdirSync(tree);
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(tree, name)), { recursive: true });
      writeFileSync(join(tree, name), text);
    }
    return tree;
  }

  /** The module with everything it stands on, in one file of a tree of its own; a fault that finds no place throws. */
  async bundled(module: string, fault: Fault | null): Promise<string> {
    let found = false;
    const plugin: Bun.BunPlugin = {
      name: "fault",
      setup: (build) => {
        build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
          const text = await Bun.file(path).text();
          if (fault === null || path !== join(ROOT, fault.file)) return { contents: text, loader: "ts" };
          found = text.split(fault.text).length === 2;
          return { contents: text.replace(fault.text, fault.becomes), loader: "ts" };
        });
      },
    };
    const built = await Bun.build({ entrypoints: [join(ROOT, module)], target: "bun", plugins: [plugin] });
    if (fault !== null && !found) throw new Error(`${fault.file} does not hold ${fault.text} exactly once`);
    return this.treeOf({ [module]: await built.outputs[0]!.text() });
  }

  run(plan: Plan, tree_dir: string, { limits = {}, ...options }: Run = {}): Promise<PropertyRow> {
    return runProperty(plan, { sandbox: this.sandbox, work_dir: this.scratch, tree_dir, limits: { ...Value.Create(PropertyLimits), ...limits } }, options, NEVER, () => performance.now());
  }
}

/** A fault of one target, and what is to be found of it. */
export interface Seeded {
  readonly target: string;
  readonly invariant: string;
  readonly fault: Fault;
  readonly runs: number;
  readonly message: string;
  readonly actions: readonly RegExp[];
}
