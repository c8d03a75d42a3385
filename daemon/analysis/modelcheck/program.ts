/** What `maestro modelcheck` starts: checks the models of a folder and prints one JSON line for each, then the report. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Value } from "@sinclair/typebox/value";
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import { ModelLimits, type ModelReport, type ModelRow, type ModelTool } from "../../../proto/model.ts";
import { environmentOf } from "../../config/environment.ts";
import { untilNobodyAsks } from "../../platform/asker.ts";
import { systemClock } from "../../platform/clock.ts";
import { FolderCache } from "./cache.ts";
import { type FolderModel, modelsIn } from "./folder.ts";
import { ownSandbox } from "./own-sandbox.ts";
import { runModel } from "./run.ts";
import { findToolchain } from "./toolchain.ts";

const say = (event: unknown): void => void process.stdout.write(`${JSON.stringify(event)}\n`);

function asWanted(wanted: ModelRow["wanted"], outcome: ModelRow["outcome"]): boolean {
  if (outcome.result === "fail") return outcome.violation.exit === wanted;
  return outcome.result === wanted;
}

const cacheFolder = (): string => join(environmentOf("XDG_CACHE_HOME") ?? join(environmentOf("HOME") ?? tmpdir(), ".cache"), "maestro", "modelcheck");

async function checked(models: readonly FolderModel[], cached: boolean, limits: ModelLimits): Promise<ModelReport> {
  const toolchain = findToolchain();
  const rows: ModelRow[] = [];
  let tool: ModelTool | null = null;
  const add = (row: ModelRow): void => {
    rows.push(row);
    say({ event: "row", row });
  };
  if ("because" in toolchain) {
    for (const { name, wanted } of models) add({ name, wanted, as_wanted: false, outcome: { result: "unavailable", because: toolchain.because }, cached: false, us: 0 });
    return { tool, rows };
  }
  await using stack = new AsyncDisposableStack();
  const work_dir = mkdtempSync(join(tmpdir(), "maestro-model-"));
  stack.defer(() => rmSync(work_dir, { recursive: true, force: true }));
  const sandbox = ownSandbox();
  stack.defer(() => sandbox.close());
  const stopped = untilNobodyAsks();
  const deps = { sandbox, toolchain, work_dir, limits, cache: cached ? new FolderCache(cacheFolder()) : null, monotonic_ms: () => systemClock.monotonic_ms() };
  for (const { name, request, wanted } of models) {
    const answer = await runModel(request, deps, stopped);
    tool = answer.tool;
    add({ name, wanted, as_wanted: asWanted(wanted, answer.outcome), outcome: answer.outcome, cached: answer.cached, us: answer.us });
  }
  return { tool, rows };
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ args: Bun.argv.slice(2), options: { folder: { type: "string", default: "specs" }, "no-cache": { type: "boolean" } }, allowPositionals: true, strict: true });
  const limits = Value.Create(ModelLimits);
  say({ event: "report", report: await checked(modelsIn(values.folder, positionals, limits), values["no-cache"] !== true, limits) });
  return EXIT.admit;
}

try {
  process.exitCode = await main();
} catch (error) {
  const failure = error instanceof MaestroError ? error : new MaestroError("internal.bug", String(error), { cause: error });
  say({ event: "failure", code: failure.code, detail: failure.detail });
  process.exitCode = EXIT.internal;
}
