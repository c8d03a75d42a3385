/** `npm start`, `npm test` and the other named commands: install what is missing, then hand over to Bun. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureInstalled } from "./install.mjs";
import { withPrograms } from "./programs.mjs";
import { BootstrapError, EXIT, exitWith, runCommandLine, runInForeground } from "./steps.mjs";
import { finish, runTests } from "./tests.mjs";
import { runCorpora, runTier } from "./tiers.mjs";
import { installTools, missingTools } from "./tools.mjs";
import { installZ3 } from "./z3.mjs";
import { runInLanes, slowest, testFiles } from "./lanes.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

async function typecheck(bun) {
  return runInForeground(bun, [join("node_modules", "typescript", "bin", "tsc"), "--noEmit", "-p", "."], { cwd: root });
}

/** Options are Bun's own and mean one process, as `bun test` has it; `--slowest` and `--lanes=N` are ours. */
async function runSuite(bun, args) {
  const lanes = args.map((arg) => /^--lanes=([1-9]\d?)$/.exec(arg)?.[1]).find((count) => count !== undefined);
  const rest = args.filter((arg) => arg !== "--slowest" && !arg.startsWith("--lanes="));
  if (rest.some((arg) => arg.startsWith("-"))) return runTests(bun, root, rest);
  const files = testFiles(root, rest);
  if (files.length === 0) throw new BootstrapError(`no test file is named like ${rest.join(", ")}`, EXIT.usage);
  const counts = await withPrograms(bun, root, files, (env) => runInLanes(bun, root, files, { ...(lanes === undefined ? {} : { lanes: Number(lanes) }), env: { ...process.env, ...env } }));
  if (args.includes("--slowest")) process.stdout.write(slowest(counts.times));
  return counts;
}

const COMMANDS = {
  /** Relative paths of the user mean the folder the user stood in, which npm leaves. */
  async start(args) {
    const bun = await ensureInstalled(root, "production");
    const cwd = args.length > 0 ? (process.env.INIT_CWD ?? process.cwd()) : root;
    return runCommandLine(bun, root, ["gate", "--embedded", ...args], cwd);
  },
  async test(args) {
    const bun = await ensureInstalled(root, "full");
    const missing = missingTools();
    if (missing.length > 0) process.stderr.write(`maestro: without ${missing.map(({ brings }) => brings).join(", ")} some tests are skipped; npm run tools installs them\n`);
    const types = await typecheck(bun);
    const counts = await runSuite(bun, args);
    if (types === 0) return finish(counts);
    const said = "maestro: the types do not check, as npm run typecheck says; that counts as one failure\n";
    process.stderr.write(said);
    return finish({ ...counts, failed: counts.failed + 1, failures: [...(counts.failures ?? []), { file: "types", said }] });
  },
  async bench(args) {
    return runInForeground(await ensureInstalled(root, "full"), [join("bench", "index.ts"), ...args], { cwd: root });
  },
  /** Tests like those of `npm test` that take long. */
  async slow(args) {
    const bun = await ensureInstalled(root, "full");
    return finish(await runTier(bun, root, "slow", args));
  },
  /** Other people's tools: one that is missing is a failure here. */
  async accept(args) {
    const bun = await ensureInstalled(root, "full");
    const [first, folder] = args;
    return finish(await (first === "corpora" ? runCorpora(bun, root, folder, process.env.INIT_CWD ?? process.cwd()) : runTier(bun, root, "accept", args)));
  },
  async nightly(args) {
    const bun = await ensureInstalled(root, "full");
    return finish(await runTier(bun, root, "nightly", args));
  },
  /** What drafts are worth, where there is no network interface. */
  async eval(args) {
    return runInForeground(await ensureInstalled(root, "full"), [join("bench", "eval", "run.ts"), ...args], { cwd: root });
  },
  /** The model checker last, and whether or not the distribution had its packages: where Java is there already, it needs none of them. */
  async tools() {
    const failed = await installTools().then(() => null, (error) => error);
    const checker = await runInForeground(await ensureInstalled(root, "full"), [join("daemon", "analysis", "modelcheck", "set-up.ts")], { cwd: root });
    const without = await installZ3(root);
    if (without !== null) process.stdout.write(`maestro: without a native z3: ${without}; its WebAssembly answers instead\n`);
    if (failed !== null) throw failed;
    return checker;
  },
  async typecheck() {
    return typecheck(await ensureInstalled(root, "full"));
  },
};

await exitWith(async () => {
  const [name, ...args] = process.argv.slice(2);
  if (name === undefined || !Object.hasOwn(COMMANDS, name)) throw new BootstrapError(`one of ${Object.keys(COMMANDS).join(", ")} is expected`, EXIT.usage);
  return COMMANDS[name](args[0] === "--" ? args.slice(1) : args);
});
