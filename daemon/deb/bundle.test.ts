/** A program in one file answers as its source does, from wherever it lies. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import type { MaestroError } from "../../proto/errors.ts";
import { InferenceLimits, WorkerLimits } from "../../proto/limits.ts";
import { workersOf, World } from "../e2e/testing/world.ts";
import { ROOT } from "../house/sources.ts";
import { fakeModel, fakeTransformers } from "../models/embedding/testing/fake-transformers.ts";
import { EmbeddingOpened, EmbeddingReply, type EmbeddingSetup } from "../models/embedding/wire.ts";
import { Engine } from "../models/engine/index.ts";
import { createTextModels, type TextFiles } from "../models/text/index.ts";
import { TextOpened } from "../models/text/jobs.ts";
import { fakeLlama } from "../models/text/testing/fake-llama.ts";
import { IndexOpened } from "../models/vectors/wire.ts";
import { type Validator, validatorOf } from "../platform/process/envelope.ts";
import { bundlePrograms } from "./bundle.ts";

const folder = mkdtempSync(join(tmpdir(), "maestro-bundle-"));
/** The source in another place, with a bundle made there. */
const made = join(folder, "made");
/** The same tree after a move, as a package is used elsewhere than it is built. */
const used = join(folder, "used");
const worlds: World[] = [];

function copySource(to: string): void {
  mkdirSync(to);
  for (const name of ["daemon", "proto", "kernels", "policies", "invariants", "package.json", "bunfig.toml"]) cpSync(join(ROOT, name), join(to, name), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(to, "node_modules"));
}

beforeAll(async () => {
  copySource(made);
  await bundlePrograms(join(made, "run"), made);
  cpSync(made, used, { recursive: true, verbatimSymlinks: true });
  rmSync(made, { recursive: true });
}, 120_000);
afterAll(async () => {
  for (const world of worlds) await world.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const bundle = join(used, "run/maestrod.js");

/** A daemon of `program` in a world of its own. */
async function daemonOf(program: string): Promise<World> {
  const world = new World();
  worlds.push(world);
  const child = world.spawnProgram(program, ["--embedded"]);
  await world.answering(child);
  return world;
}

const WORKER_SOURCE = join(ROOT, "daemon/gate/worker.ts");
const programOf = (pid: number): string => readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").find((word) => /\/worker\.[jt]s$/.test(word)) ?? "none";

const ask = async (world: World, path: string): Promise<unknown> => (await fetch(`http://maestro${path}`, { unix: world.socket_path })).json();

describe("maestro in one file", () => {
  const ran = (program: string, args: readonly string[]) => {
    const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, program, ...args], { cwd: "/", env: { PATH: "/usr/bin:/bin", HOME: folder, LANG: "C.UTF-8" } });
    return { code: exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
  };
  const quick = join(used, "run/maestro.js");

  test.each([[["help"]], [["status", "--help"]], [["status", "--json"]], [["status", "--wrong"]], [["verify", "/none", "--json"]], [["gate", "--help"]], [["nonsense"]], [[]]])("says of %p what the source says, and ends as it does", (args) => {
    expect(ran(quick, args)).toEqual(ran(join(ROOT, "daemon/cli/main.ts"), args));
  });

  test("shows a daemon's status from a file that holds no other command", async () => {
    const world = await daemonOf(bundle);
    const { code, stdout } = ran(quick, ["status", "--state", world.state_dir]);
    expect([code, stdout.split("\n")[0]]).toEqual([0, expect.stringMatching(/^maestrod \S+ {2}ready {2}pid \d+/)]);
    expect(statSync(quick).size).toBeLessThan(100_000);
    expect(statSync(join(used, "run/maestro-all.js")).size).toBeGreaterThan(100_000);
  });
});

describe("maestrod in one file", () => {
  test("says the same help, and holds no path of the folder it was made in", () => {
    const help = (program: string): string => Bun.spawnSync([process.execPath, program, "--help"], { cwd: "/" }).stdout.toString();
    expect(help(bundle)).toBe(help(join(ROOT, "daemon/main.ts")));
    for (const file of [bundle, `${bundle}.jsc`]) expect([file, readFileSync(file).includes(basename(folder))]).toEqual([file, false]);
  });

  test("describes the same interface, and gates a change with the check processes in one file, policy and kernels that lie beside it", async () => {
    const [ours, theirs] = await Promise.all([daemonOf(bundle), daemonOf(join(ROOT, "daemon/main.ts"))]);
    expect(await ask(ours, "/openapi.json")).toEqual(await ask(theirs, "/openapi.json"));
    const verdict = async (world: World) => {
      const repository = await world.changed({}, { "b.ts": "export const b = 1;\n" });
      const { card, verified, code } = await world.judged(repository);
      return { code, verified, reasons: card.reasons.map(({ rule }) => rule) };
    };
    const [one, other] = [await verdict(ours), await verdict(theirs)];
    expect(one).toEqual(other);
    expect(one).toMatchObject({ code: 0, verified: "verified" });
    const checking = async (world: World): Promise<string> => programOf(workersOf((await world.status()).daemon.pid)[0] ?? 0);
    expect(await Promise.all([ours, theirs].map(checking))).toEqual([join(used, "run/worker.js"), WORKER_SOURCE]);
  }, 120_000);
});

describe("workers of models in one file each, where no source of ours lies", () => {
  const bare = join(folder, "bare");
  const limits = { ...Value.Create(WorkerLimits), ...Value.Create(InferenceLimits) };
  const engines: { close(): Promise<unknown> }[] = [];
  const argvOf = (name: string): string[] => [process.execPath, join(bare, `${name}-worker.js`)];
  beforeAll(() => {
    mkdirSync(bare);
    for (const name of ["text", "embedding", "index"]) for (const end of ["js", "js.jsc"]) cpSync(join(used, `run/${name}-worker.${end}`), join(bare, `${name}-worker.${end}`));
  });
  afterAll(() => Promise.all(engines.map((engine) => engine.close())));

  function engineOf<Opened>(name: string, opened: Validator<Opened>, open: unknown): Engine<Opened> {
    const engine = new Engine({ what: name, start: async () => ({ process: { argv: argvOf(name), cwd: "/", env: {} }, open }), opened, limits });
    engines.push(engine);
    return engine;
  }

  test("the text worker opens an engine by its path and answers; what is no request of it is refused", async () => {
    const open = (): Promise<TextFiles> => Promise.resolve({ name: "fake", kind: "text", digest: "d".repeat(64), files: { weights: "none" }, context_tokens: 512 });
    const models = createTextModels({ models: [{ name: "fake" }], open, engine_folder: () => fakeLlama(bare), limits, prefix_folder: join(folder, "prefix"), argv: argvOf("text") });
    engines.push(models);
    expect(await models.generate({ model: "fake", prompt: { text: "abc" }, space: { tenant: null, task: "test" }, max_tokens: 4, temperature: 0 })).toMatchObject({ engine: "node-llama-cpp 0.0.0", prompt_tokens: 3, text: expect.stringMatching(/^[a-z]{4}$/) });
    const wrong = engineOf("text", validatorOf(TextOpened), { kind: "nonsense" }).open();
    expect(await wrong.catch((error: MaestroError) => error.code)).toBe("worker.protocol");
  }, 120_000);

  test("the embedding worker and the index of vectors do the same", async () => {
    const { folder: model_folder, files } = fakeModel(bare);
    const setup: EmbeddingSetup = { engine_folder: fakeTransformers(bare), model_folder, weights: basename(files.weights ?? ""), dimensions: 4, tokens_max: 12, threads: 1 };
    const embedding = engineOf("embedding", validatorOf(EmbeddingOpened), setup);
    expect(await embedding.open()).toEqual({ engine: "transformers.js 0.0.0" });
    expect(await embedding.ask({ texts: ["abc"] }, { validate: validatorOf(EmbeddingReply), deadline_ms: 60_000 })).toMatchObject({ tokens: 5, truncated: [] });
    expect(await embedding.ask({ texts: [] }, { validate: validatorOf(EmbeddingReply), deadline_ms: 60_000 }).catch((error: MaestroError) => error.code)).toBe("worker.protocol");
    // Without its engine it compares all, and says so.
    expect(await engineOf("index", validatorOf(IndexOpened), { engine_folder: "/nowhere", folder }).open()).toEqual({ usearch: null });
  }, 120_000);

  test("are what a tree with bundles starts; a clone starts its source", () => {
    const started = (tree: string): string => Bun.spawnSync([process.execPath, "-e", `import { programOf } from ${JSON.stringify(join(tree, "daemon/models/engine/program.ts"))}; console.log(programOf("text-worker.js", new URL("file:///source.ts")))`], { cwd: "/" }).stdout.toString().trim();
    expect([started(used), started(ROOT)]).toEqual([join(used, "run/text-worker.js"), "/source.ts"]);
  });
});

test("a file that asks for a place of its own which a bundle cannot answer is no part of one", async () => {
  appendFileSync(join(used, "daemon/cli/quick.ts"), "void import.meta.dir;\n");
  await expect(bundlePrograms(join(used, "again"), used)).rejects.toThrow();
}, 120_000);
