/** Bad input and a bad neighbourhood: each is answered with what to do, and nothing is started or lost by it. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { API_VERSION_HEADER } from "../../proto/routes.ts";
import type { Source } from "../platform/git/testing/scratch.ts";
import { alive, oneDocument, type Ran, until, World } from "./testing/world.ts";

setDefaultTimeout(120_000);
const SECOND_INSTANCE_CPU_US = 1_000_000;

let world: World;
let repository: Source;
beforeAll(async () => {
  world = new World();
  repository = await world.changed({}, { "src/b.ts": "b();\n" });
});
afterAll(() => world.dispose());

const failed = ({ code, stderr }: Ran): string => `${code} ${/\(([a-z]+\.[a-z_]+)/.exec(stderr)?.[1] ?? "no code"}`;

describe("repositories that are none", () => {
  test("not a repository, no such folder, a file, an empty repository, unknown names", async () => {
    const empty = world.emptyRepository("empty");
    const ran = await Promise.all([["/"], [world.path("nowhere")], [`${repository.path}/src/a.ts`], [empty.path], [repository.path, "--head", "nowhere"], [repository.path, "--target", "--upload-pack=x"], [repository.path, "--head=-x"]].map((args) => world.run(["gate", "--embedded", ...args])));
    expect(ran.map(failed)).toEqual(["2 git.not_repository", "2 git.not_repository", "2 git.not_repository", "2 git.empty_repository", "2 git.unknown_ref", "2 cli.usage", "2 git.unknown_ref"]);
    expect(ran.every(({ stdout }) => stdout === "")).toBe(true);
    // None of them was worth starting a daemon for.
    expect(readdirSync(world.state_dir)).toEqual([]);
  });
});

describe("no daemon where nobody asked for one", () => {
  test("in CI, or where a host configuration stands, --embedded must be asked for by name", async () => {
    writeFileSync(world.path("host.yaml"), "version: 1\ntrust_domain: ci.example.org\nmodes: [local]\n");
    const ran = await Promise.all([world.run(["gate", repository.path], { env: { CI: "true" } }), world.run(["gate", repository.path], { env: { MAESTRO_CONFIG: world.path("host.yaml") } }), world.run(["replay", repository.path], { env: { CI: "1" } })]);
    expect(ran.map(failed)).toEqual(["69 daemon.unreachable", "69 daemon.unreachable", "69 daemon.unreachable"]);
    expect(ran.every(({ stderr }) => stderr.includes("--embedded"))).toBe(true);
    expect(readdirSync(world.state_dir)).toEqual([]);
  });

  test("--embedded beside MAESTRO_CONFIG says once, on stderr alone, that the file is not read and what to run", async () => {
    const other = new World();
    await using stack = new AsyncDisposableStack();
    stack.defer(() => other.dispose());
    writeFileSync(other.path("host.yaml"), "version: 1\ntrust_domain: ci.example.org\nmodes: [local]\n");
    const env = { MAESTRO_CONFIG: other.path("host.yaml") };
    const lines = ({ stderr }: { readonly stderr: string }): string[] => stderr.split("\n").filter((line) => line.includes("MAESTRO_CONFIG"));
    const command = `maestrod --config ${env.MAESTRO_CONFIG} --state ${other.state_dir}`;
    const [started, again, missing] = [await other.gate(repository, ["--json"], { env }), await other.gate(repository, ["--json"], { env }), await other.gate(repository, ["--json"])];
    expect(lines(started)).toEqual([`maestro: MAESTRO_CONFIG is ignored: --embedded starts a private daemon, which reads no host configuration; to use it run ${command}, and leave --embedded out`]);
    expect(lines(again)).toEqual([`maestro: MAESTRO_CONFIG is ignored: the daemon that answers goes on with what it was started with; where that is another file, end it and start ${command}`]);
    expect(lines(missing)).toEqual([]);
    for (const { stdout } of [started, again]) expect([stdout.includes("MAESTRO_CONFIG"), Object.keys(JSON.parse(stdout) as object)]).toEqual([false, expect.arrayContaining(["card"])]);
  }, 60_000);

  test("a socket path that is too long, or no state folder at all", async () => {
    const long = world.path("x".repeat(120));
    const [cli, daemon, homeless] = await Promise.all([world.run(["gate", repository.path, "--embedded", "--state", long]), world.spawnDaemon(["--embedded", "--state", long]).exited, world.run(["status"], { env: { HOME: "", XDG_STATE_HOME: "relative" } })]);
    expect([failed(cli), daemon, failed(homeless)]).toEqual(["2 socket.path_too_long", 2, "2 cli.usage"]);
    expect(cli.stderr).toContain("107 bytes");
    expect(existsSync(long)).toBe(false);
  });
});

test("a host configuration that is missing, broken or misspelt keeps maestrod from starting, and says where", async () => {
  const good = "version: 1\ntrust_domain: ci.example.org\nmodes: [local]\n";
  const cases: readonly (readonly [yaml: string | null, says: RegExp])[] = [
    [null, /nowhere\.yaml cannot be read.*config\.malformed/],
    ["version: [1\n", /h1\.yaml:\d.*config\.malformed/],
    [`${good}limits:\n  worker:\n    check_deadline: 5\n`, /h2\.yaml:6.*limits\.worker\.check_deadline\b.*check_deadline_ms.*config\.unknown_key/],
    [`${good}limits:\n  gate: {gates_max: many}\n`, /h3\.yaml:5.*limits\.gate\.gates_max.*config\.malformed/],
    [good.replace("[local]", "[everything]"), /h4\.yaml:3.*modes.*config\.malformed/],
  ];
  const ran = await Promise.all(cases.map(async ([yaml], i) => {
    const path = world.path(yaml === null ? "nowhere.yaml" : `h${i}.yaml`);
    if (yaml !== null) writeFileSync(path, yaml);
    const child = world.spawnDaemon(["--config", path]);
    return { code: await child.exited, stderr: await new Response(child.stderr).text() };
  }));
  for (const [i, { code, stderr }] of ran.entries()) {
    expect(code).toBe(2);
    expect(stderr).toMatch(cases[i]?.[1] ?? /never/);
  }
  expect(existsSync(world.socket_path)).toBe(false);
});

test("attack: a host configuration that others may write keeps maestrod from starting; --embedded does not look at it", async () => {
  const path = world.path("open.yaml");
  writeFileSync(path, "version: 1\ntrust_domain: ci.example.org\nmodes: [local]\n");
  chmodSync(path, 0o666);
  const child = world.spawnDaemon(["--config", path]);
  expect(await child.exited).toBe(2);
  expect(await new Response(child.stderr).text()).toMatch(/open\.yaml could have been written by others.*chmod go-w.*config\.malformed/);
  const other = new World();
  try {
    await other.daemon(["--embedded", "--config", path]);
    expect((await other.status()).daemon.state).toBe("ready");
  } finally {
    await other.dispose();
  }
});

test("a daemon that speaks another version of the interface is not spoken to", async () => {
  const other = new World();
  const server = Bun.serve({ unix: other.socket_path, fetch: () => Response.json({ status: "ok" }, { headers: { [API_VERSION_HEADER]: "2" } }) });
  try {
    const ran = await Promise.all([other.run(["status"]), other.gate(repository), other.run(["stop"])]);
    expect(ran.map(failed)).toEqual(["69 api.version", "69 api.version", "69 api.version"]);
    expect(ran[0]?.stderr).toContain("this client speaks 1, the daemon 2");
  } finally {
    await server.stop(true);
    await other.dispose();
  }
});

test("something that is no daemon at the socket is neither believed nor removed", async () => {
  const other = new World();
  try {
    writeFileSync(other.socket_path, "mine");
    const [status, started] = await Promise.all([other.run(["status"]), other.spawnDaemon(["--embedded"]).exited]);
    expect([failed(status), started]).toEqual(["4 daemon.foreign_socket", 69]);
    expect(await Bun.file(other.socket_path).text()).toBe("mine");
  } finally {
    rmSync(other.socket_path);
    await other.dispose();
  }
});

describe("one daemon", () => {
  let pid: number;
  beforeAll(async () => {
    // CI that asks by name gets one.
    expect((await world.gate(repository, [], { env: { CI: "true" } })).code).toBe(0);
    pid = (await world.status()).daemon.pid;
  });

  test("a second one on the same state gives up within a second of work, naming the first, which goes on", async () => {
    const second = world.spawnDaemon(["--embedded"]);
    expect(await second.exited).toBe(75);
    expect(await new Response(second.stderr).text()).toContain(`pid ${pid}`);
    expect(Number(second.resourceUsage()?.cpuTime.total ?? Infinity)).toBeLessThan(SECOND_INSTANCE_CPU_US);
    expect((await world.status()).daemon.pid).toBe(pid);
  });

  test("kill -9 leaves a socket and a lock that the next gate takes over, and check processes that go by themselves", async () => {
    process.kill(pid, "SIGKILL");
    await until(() => !alive(pid));
    expect(existsSync(world.socket_path)).toBe(true);
    const status = await world.run(["status", "--json"]);
    expect([status.code, oneDocument(status)]).toMatchObject([69, { code: "daemon.unreachable" }]);
    const gate = await world.judged(repository);
    expect({ code: gate.code, recorded: gate.recorded, attempt: gate.attempt }).toEqual({ code: 0, recorded: true, attempt: 1 });
    expect((await world.status()).daemon.pid).not.toBe(pid);
  });
});
