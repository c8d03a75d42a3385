/** Both client packages as a stranger uses them: installed into an empty folder, in their own runtimes, with the examples of the page. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generated, openApiOf } from "../client/contract/build.ts";
import { planChange } from "../client/pack.ts";
import { chunk, END, FakeDaemon, OK, problem, STREAM } from "../client/testing/fake-daemon.ts";
import { buildPackage } from "../client/typescript/build.ts";
import type { Source } from "../platform/git/testing/scratch.ts";
import { skipWithout } from "../testing/skip.ts";
import { Operated, ROW } from "./testing/operated.ts";
import { World } from "./testing/world.ts";
import { ENTRIES } from "../testing/entries.ts";

setDefaultTimeout(120_000);
const ROOT = join(import.meta.dir, "../..");
const CLIENT = join(ROOT, "daemon/client");
const page = readFileSync(join(ROOT, "docs/clients.md"), "utf8");

/** The example of the page that begins with this file's name. */
function example(language: string, name: string): string {
  const blocks = [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, "gm"))].map((match) => match[1] ?? "");
  const found = blocks.find((block) => /^(?:\/\/|#) (\S+?),?(?: |\n)/.exec(block)?.[1] === name);
  if (found === undefined) throw new Error(`docs/clients.md has no ${name}`);
  return found;
}

const node = Bun.which("node");
const npm = Bun.which("npm");
const python = Bun.which("python3");
const noNode = skipWithout(node !== null && npm !== null, "there is no node with npm here, so the package was not tried in it");
const noPython = skipWithout(python !== null, "there is no python3 here, so the Python client was not tried");

let world: World;
let repository: Source;
beforeAll(async () => {
  world = new World();
  repository = await world.changed({}, { "src/b.test.ts": 'test.only("b", () => {});\n' });
  await world.daemon();
}, 120_000);
afterAll(() => world.dispose());

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(argv: readonly string[], { cwd = repository.path, env = {} }: { cwd?: string; env?: Record<string, string> } = {}): Promise<Ended> {
  const child = Bun.spawn([...argv], { cwd, env: { HOME: world.home, PATH: process.env["PATH"] ?? "/usr/bin:/bin", MAESTRO_SOCKET: world.socket_path, PYTHONDONTWRITEBYTECODE: "1", ...env }, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, stdout, stderr };
}

test("what is generated is what the contract makes: after a change of a route or a schema run `bun daemon/client/contract/build.ts`", async () => {
  const files = await generated(await openApiOf(world.socket_path));
  const committedText = (path: string): string | null => (existsSync(join(CLIENT, path)) ? readFileSync(join(CLIENT, path), "utf8") : null);
  const stale = Object.entries(files).filter(([path, text]) => committedText(path) !== text).map(([path]) => path);
  expect(stale).toEqual([]);
  const committed = readdirSync(join(CLIENT, "typescript/src/contract")).map((name) => join("typescript/src/contract", name));
  expect(committed.filter((path) => !Object.hasOwn(files, path))).toEqual([]);
});

describe.skipIf(noNode)("the TypeScript package, packed and installed", () => {
  let project: string;
  beforeAll(async () => {
    project = world.path("project");
    const built = world.path("built");
    mkdirSync(project);
    buildPackage(built);
    writeFileSync(join(project, "package.json"), '{"name":"project","private":true,"type":"module"}');
    const packed = await run([npm!, "pack", "--silent", "--ignore-scripts", "--pack-destination", world.home, built], { cwd: world.home });
    expect([packed.code, packed.stdout.trim()]).toEqual([0, "maestro-client-0.1.0.tgz"]);
    const installed = await run([npm!, "install", "--silent", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", world.path("maestro-client-0.1.0.tgz")], { cwd: project });
    expect([installed.code, installed.stderr]).toEqual([0, ""]);
    for (const name of ["gate.mjs", "events.mjs"]) writeFileSync(join(project, name), example("js", name));
  }, 90_000);

  test.each([["node"], ["bun"]])("the page's examples run in %s and hear the daemon's own verdict", async (runtime) => {
    const program = runtime === "bun" ? process.execPath : node!;
    const gated = await run([program, join(project, "gate.mjs")]);
    expect([gated.code, gated.stderr.includes("rror")]).toEqual([0, false]);
    expect(gated.stdout.split("\n").slice(0, 2)).toEqual([`refuse ${repository.git("rev-parse", "HEAD")}`, "refuse test.focused"]);
    // The verdict stands and is given again, so only the first one has steps.
    if (runtime === "node") expect(gated.stderr).toMatch(/^checks secrets pass$/m);
    expect((await world.status()).log.size).toBe(ENTRIES.decided);
    expect((await run([program, join(project, "events.mjs")])).stdout).toBe("damaged: 0\n");
    expect(await run([program, join(project, "gate.mjs")], { cwd: project })).toMatchObject({ code: 1, stderr: expect.stringContaining("git.not_repository") });
    expect(await run([program, join(project, "gate.mjs")], { env: { MAESTRO_SOCKET: world.path("none") } })).toMatchObject({ code: 1, stderr: expect.stringContaining("daemon.unreachable") });
  });

  test("its types say what a program may do, and refuse what it may not", async () => {
    const good = 'import { Maestro, type GateResult, type Verdict } from "maestro-client";\nconst maestro = new Maestro({ env: {} });\nexport const verdict = async (): Promise<Verdict> => (await maestro.gateChange(".", { local: true })).verdict;\nexport async function* results(): AsyncGenerator<GateResult> {\n  for await (const event of maestro.gate({ intake_id: "i", target_ref: "r", target: "t", head: "h" })) if (event.event === "result") yield event;\n}\n';
    writeFileSync(join(project, "good.ts"), good);
    writeFileSync(join(project, "bad.ts"), 'import { Maestro } from "maestro-client";\nconst maestro = new Maestro({ env: {} });\nmaestro.findings("id");\nvoid (await maestro.status()).log.sise;\nif ((await maestro.plan({ repository: "r", files: [], actions: [] })).answer === "admit") throw new Error();\n');
    const checked = await run([process.execPath, join(ROOT, "node_modules/typescript/bin/tsc"), "--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "good.ts", "bad.ts"], { cwd: project });
    expect(checked.stdout.match(/^\w+\.ts\(\d+/gm)).toEqual(["bad.ts(3", "bad.ts(4", "bad.ts(5"]);
  });

  test("guards around a program's own functions: the README's example under Node and Bun, without a daemon; fields of another type are refused", async () => {
    const readme = readFileSync(join(CLIENT, "typescript/README.md"), "utf8");
    writeFileSync(join(project, "guards.ts"), /^```ts\n([^]*?)^```/m.exec(readme)?.[1] ?? "");
    writeFileSync(join(project, "wrong.ts"), 'import { guard, guarded, rule } from "maestro-client/guard";\nconst cap = rule({ id: "A.B", scope: "a", when: [{ event: "e" }], fields: { n: "int", word: "enum[yes, no]" }, assert: [{ expr: "n > 0" }] });\nguarded(cap, (ctx: { n: string; word: "yes" }) => ctx);\ncap.before({ n: 1, word: "perhaps" });\nclass A {\n  @guard(cap)\n  a(_: { n: boolean; word: "no" }): void {}\n}\nnew A();\n');
    const compiled = await run([process.execPath, join(ROOT, "node_modules/typescript/bin/tsc"), "--strict", "--module", "nodenext", "--target", "es2022", "--lib", "es2022,dom", "--outDir", "compiled", "guards.ts", "wrong.ts"], { cwd: project });
    expect([...new Set(compiled.stdout.match(/^\w+\.ts\(\d+/gm))]).toEqual(["wrong.ts(3", "wrong.ts(4", "wrong.ts(6"]);
    const said = "asked: hello\n2000000\nSHOP.BUDGET.CAP: spent 6.00 of 5.00\nSHOP.ACCOUNT.DRAWN: the balance went from 2.00 to -7.00\n";
    for (const argv of [[node!, "compiled/guards.js"], [process.execPath, "compiled/guards.js"], [process.execPath, "guards.ts"]]) expect(await run(argv, { cwd: project, env: { MAESTRO_SOCKET: "" } })).toEqual({ code: 0, stdout: said, stderr: "" });
  });

  /** Prints what became of each call, one line a call. */
  const PROBE = `import { Maestro } from "maestro-client";
    for (const [socket, what] of JSON.parse(process.argv[2])) {
      const maestro = new Maestro({ env: {}, socket, patience_ms: 5000, token: "mcap1.a.b\\n" });
      const seen = [];
      try {
        if (what === "health") seen.push((await maestro.health()).status);
        else if (what === "release") for await (const event of maestro.release({ nonce: "n" })) seen.push(event.event);
        else if (what === "path") await maestro.findings({ id: "../stop?x" });
        else for await (const event of maestro.fsck()) seen.push(event.event);
      } catch (error) {
        seen.push(error.code, error.retry, error.status);
      }
      console.log(JSON.stringify(seen));
    }`;
  const event = '{"event":"progress"}\n';
  const CASES: readonly (readonly [string, string, readonly (string | null)[], readonly unknown[], number])[] = [
    ["a busy daemon and a cut connection are asked again", "health", [problem("request.busy"), null, OK], ["ok"], 3],
    ["what must not happen twice is not asked again", "release", [null, STREAM + END], ["daemon.unreachable", true, null], 1],
    ["a pause longer than its patience is not waited for", "health", [problem("tenant.rate", 429, "retry-after: 60\r\n")], ["tenant.rate", true, 429], 1],
    ["another version is refused", "health", [OK.replace("maestro-api: 1", "maestro-api: 2")], ["api.version", false, null], 1],
    ["a name in a path cannot leave its segment", "path", [problem("request.not_found", 404)], ["request.not_found", true, 404], 1],
    ["a stream comes whole, however it is cut into chunks", "fsck", [STREAM + chunk(event.slice(0, 7)) + chunk(event.slice(7) + event) + END], ["progress", "progress"], 1],
    ["a stream that breaks off between two chunks never looks whole", "fsck", [STREAM + chunk(event)], ["progress", "daemon.unreachable", true, null], 1],
    ["a stream that ends inside a line never looks whole", "fsck", [STREAM + chunk(`${event}{"e`) + END], ["progress", "worker.protocol", false, null], 1],
    ["a failure at the end of a stream is thrown", "fsck", [STREAM + chunk(`${event}{"event":"failure","problem":${JSON.stringify({ code: "worker.deadline", detail: "late" })}}\n`) + END], ["progress", "worker.deadline", true, null], 1],
  ];
  test.each(["node", "bun"])("in %s: retries, refusals and broken streams", async (runtime) => {
    writeFileSync(join(project, "probe.mjs"), PROBE);
    const folder = world.path(`fake-${runtime}`);
    mkdirSync(folder, { mode: 0o700 });
    const fakes = await Promise.all(CASES.map(([, , answers], at) => FakeDaemon.start(join(folder, `s${at}`), answers)));
    const { stdout, stderr } = await run([runtime === "bun" ? process.execPath : node!, join(project, "probe.mjs"), JSON.stringify(CASES.map(([, what], at) => [fakes[at]?.path, what]))]);
    for (const fake of fakes) await fake[Symbol.asyncDispose]();
    const lines = stdout.split("\n").filter((line) => line !== "");
    expect([stderr, lines.length]).toEqual(["", CASES.length]);
    expect(CASES.map(([name], at) => [name, JSON.parse(lines[at] ?? ""), fakes[at]?.asked.length])).toEqual(CASES.map(([name, , , seen, asked]) => [name, seen, asked]));
    expect(fakes[CASES.findIndex(([, what]) => what === "path")]?.asked[0]).toStartWith("GET /v1/gates/..%2Fstop%3Fx/findings ");
    expect(fakes[0]?.asked[0]?.toLowerCase()).toContain("\r\nmaestro-capability: mcap1.a.b\r\n");
  });

  test("a socket in a folder where anyone may swap it gets no byte", async () => {
    const folder = world.path("open");
    mkdirSync(folder);
    await using fake = await FakeDaemon.start(join(folder, "s"), [OK]);
    chmodSync(folder, 0o777);
    expect((await run([node!, join(project, "probe.mjs"), JSON.stringify([[fake.path, "health"]])])).stdout).toContain("daemon.foreign_socket");
    expect(fake.asked).toEqual([]);
  });

  test("what is sent is what the command line sends, also where a side branch leaves the line further down", async () => {
    const tangled = await world.repository({ "a.txt": "a\n" }, "tangled");
    tangled.git("branch", "side");
    for (const name of ["b", "c"]) await tangled.commit({ [`${name}.txt`]: name });
    tangled.git("switch", "-q", "side");
    await tangled.commit({ "s.txt": "s" });
    tangled.git("switch", "-qc", "change", "main");
    tangled.git("merge", "-q", "--no-ff", "side", "-m", "merge");
    await tangled.commit({ "d.txt": "d" });
    const { target_ref, target, head, tips, cuts } = await planChange(tangled.path, { env: { HOME: world.home, PATH: process.env["PATH"] } });
    const ours = { target_ref, target, head, tips: [...tips].sort(), cuts: [...cuts].sort() };
    expect(ours.cuts.length).toBeGreaterThan(0);
    const script = 'const { planChange } = await import(process.argv[1]); const { target_ref, target, head, tips, cuts } = await planChange(".", { env: process.env }); console.log(JSON.stringify({ target_ref, target, head, tips: [...tips].sort(), cuts: [...cuts].sort() }));';
    const theirs = await run([node!, "--input-type=module", "-e", script, join(project, "node_modules/maestro-client/dist/pack.js")], { cwd: tangled.path });
    expect(JSON.parse(theirs.stdout)).toEqual(ours);
    if (noPython) return;
    const snake = "import json, maestro_client as m; p = m.plan_change('.'); print(json.dumps({'target_ref': p.target_ref, 'target': p.target, 'head': p.head, 'tips': sorted(p.tips), 'cuts': sorted(p.cuts)}))";
    expect(JSON.parse((await run([python!, "-c", snake], { cwd: tangled.path, env: { PYTHONPATH: join(CLIENT, "python") } })).stdout)).toEqual(ours);
  });
});

test.skipIf(noNode || noPython)("named in the host's table, the base is the operator's own, whatever the clone says; in both packages", async () => {
  await using operated = await Operated.start({ modes: "[host]" });
  const clone = await operated.clone("c");
  // What this clone calls main is not what the operator's remote has: a target of the caller's choice would see no change.
  clone.git("update-ref", "refs/remotes/origin/main", "HEAD");
  const env = { HOME: operated.world.home, MAESTRO_SOCKET: operated.world.socket_path, PYTHONPATH: join(CLIENT, "python") };
  const script = (ask: string): string => `const { Maestro } = await import(process.argv[1]); try { const { card } = await new Maestro({ env: process.env }).gateChange(".", ${ask}); console.log([card.mode, card.repository, card.base, card.files]+""); } catch (error) { console.log(error.code); }`;
  const asked = (ask: string): Promise<Ended> => run([node!, "--input-type=module", "-e", script(ask), join(world.path("built"), "dist/index.js")], { cwd: clone.path, env });
  const truth = `host,${ROW},${operated.upstream.git("rev-parse", "HEAD")},1\n`;
  expect((await asked(`{ repository: "${ROW}" }`)).stdout).toBe(truth);
  expect((await asked("{ local: true }")).stdout).toBe("auth.denied\n");
  expect((await asked("{}")).stdout).toBe("cli.usage\n");
  const snake = `import maestro_client as m; c = m.Maestro().gate_change(".", repository="${ROW}")["card"]; print(c["mode"], c["repository"], c["base"], c["files"], sep=",")`;
  expect((await run([python!, "-c", snake], { cwd: clone.path, env })).stdout).toBe(truth);
});

describe.skipIf(noPython)("the Python client", () => {
  const env = { PYTHONPATH: join(CLIENT, "python") };

  test("the page's examples run and hear the daemon's own verdict", async () => {
    for (const name of ["gate.py", "plan.py"]) writeFileSync(world.path(name), example("python", name));
    const gated = await run([python!, world.path("gate.py")], { env });
    expect([gated.code, gated.stdout.split("\n").slice(0, 2)]).toEqual([0, [`refuse ${repository.git("rev-parse", "HEAD")}`, "refuse test.focused"]]);
    expect((await run([python!, world.path("plan.py")], { env })).stdout).toMatch(/^ask .*ci\.changed/);
    expect(await run([python!, world.path("gate.py")], { env, cwd: world.home })).toMatchObject({ code: 1, stderr: expect.stringContaining("git.not_repository") });
  });

  test("its own tests pass, and it compiles", async () => {
    const own = await run([python!, "-m", "unittest", "-q", "test_maestro_client"], { cwd: join(CLIENT, "python") });
    expect([own.code, own.stderr]).toEqual([0, expect.stringMatching(/Ran 14 tests[^]*\nOK\n$/)]);
    cpSync(join(CLIENT, "python/maestro_client.py"), world.path("maestro_client.py"));
    expect(await run([python!, "-m", "py_compile", world.path("maestro_client.py")])).toMatchObject({ code: 0, stderr: "" });
  });
});
