/** Who may ask what, on which socket, with which token: a real daemon, real users of this machine, the kernel's own word about them. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CapabilityBody } from "../../proto/capability.ts";
import { CiSystem, Operator } from "../tenants/testing/issuer.ts";
import { skipWithout } from "../testing/skip.ts";
import { oneDocument, until, World, type Ran } from "./testing/world.ts";

// Some hundred processes are started here, and a busy machine takes its time; a test that is cut off takes the daemon with it.
setDefaultTimeout(120_000);

const DOMAIN = "ci.example.org";
const GROUP = 50_020;
const OPS_GROUP = 50_010;
const WEB = 50_001;
const LIB = 50_002;
const SHARED = 50_003;
const OPS = 50_004;
const NOBODY = 50_009;
const SECRET = "Bearer-like-secret";

const able = process.getuid?.() === 0 && Bun.which("setpriv") !== null && Bun.which("curl") !== null;
const world = new World();
const now_s = Math.floor(Date.now() / 1000);
const operator = new Operator(now_s);
const ci = new CiSystem(now_s);
let log = "";
let pid = 0;

const place = (name: string): string => world.path(name);
const CONFIG = `version: 1
trust_domain: ${DOMAIN}
modes: [local]
tenants:
  - { id: web, uids: [${WEB}] }
  - { id: lib, uids: [${LIB}], limits: { read_per_s: 1, read_burst: 3 } }
  - { id: red, uids: [${SHARED}], shared_uid: true }
  - { id: blue, uids: [${SHARED}], shared_uid: true }
  - { id: ops, groups: [${OPS_GROUP}], verbs: [inspect, operate] }
sockets:
  - { path: ${place("run/admin.sock")}, role: admin, mode: "0660", group: ${OPS_GROUP} }
  - { path: ${place("run/gate.sock")}, role: gate, group: ${GROUP} }
  - { path: ${place("run/verify.sock")}, role: verify }
capabilities: { trust_file: ${place("trust-cap.json")}, revoked: [revoked-1] }
oidc:
  - { issuer: "https://ci.example.org", audience: maestro, jwks_file: ${place("jwks.json")}, tenant: red, repositories: [{ claim: acme/app, id: acme/app }] }
`;

const asUser = (uid: number): string[] => ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, `--groups=${uid === OPS ? `${GROUP},${OPS_GROUP}` : GROUP}`];

interface Asked {
  readonly uid: number;
  readonly socket?: "admin" | "gate" | "verify";
  readonly token?: string;
  readonly bearer?: string;
}

/** Status and code of one request; `connect` where the kernel let nobody through. */
async function ask({ uid, socket = "gate", token, bearer }: Asked, method: string, path: string, body?: string): Promise<{ status: number; code: string; detail: string }> {
  const headers = [...(token === undefined ? [] : ["-H", `maestro-capability: ${token}`]), ...(bearer === undefined ? [] : ["-H", `authorization: Bearer ${bearer}`]), ...(body === undefined ? [] : ["-H", "content-type: application/json", "-d", body])];
  const as = uid === 0 ? [] : asUser(uid);
  const child = Bun.spawn([...as, "curl", "-s", "-X", method, "-w", "\n%{http_code}", "--unix-socket", place(`run/${socket}.sock`), ...headers, `http://d${path}`], { stdin: "ignore", stdout: "pipe", stderr: "ignore" });
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) return { status: 0, code: "connect", detail: "" };
  const cut = text.lastIndexOf("\n");
  const status = Number(text.slice(cut + 1));
  const document: Record<string, unknown> = status >= 400 ? JSON.parse(text.slice(0, cut)) : {};
  return { status, code: String(document["code"] ?? "ok"), detail: String(document["detail"] ?? "") };
}

/** One request per verb whose refusal, if it comes, can only be about who asks: past the door it is malformed or finds nothing. */
const VERBS = {
  gate: ["POST", "/v1/gates", "{}"],
  replay: ["POST", "/v1/replays", "{}"],
  read: ["GET", "/v1/gates/abcdef"],
  inspect: ["GET", "/v1/status"],
  operate: ["POST", "/v1/clock/reset", "{}"],
} as const;
const VERB_NAMES = ["gate", "replay", "read", "inspect", "operate"] as const;

async function mayOn(asked: Asked): Promise<string> {
  const may: string[] = [];
  for (const verb of VERB_NAMES) {
    const [method, path, body] = VERBS[verb];
    const { status, code } = await ask(asked, method, path, body);
    if (code === "connect") return "cannot connect";
    if (status !== 403) may.push(verb);
  }
  return may.join(" ") || "nothing";
}

const issued: string[] = [];
function capability(more: Partial<CapabilityBody>): string {
  const token = operator.token({ trust_domain: DOMAIN, repositories: ["*"], ...more });
  issued.push(token);
  return token;
}

beforeAll(async () => {
  if (!able) return;
  chmodSync(world.home, 0o755);
  mkdirSync(place("run"), { mode: 0o755 });
  chmodSync(place("run"), 0o755);
  writeFileSync(place("trust-cap.json"), operator.trustFile());
  writeFileSync(place("jwks.json"), ci.jwks());
  writeFileSync(place("maestrod.yaml"), CONFIG);
  const daemon = world.spawnDaemon(["--config", place("maestrod.yaml"), "--state", world.state_dir, "--socket", world.socket_path], { MAESTRO_SECRET_CANARY: SECRET });
  pid = daemon.pid;
  void (async () => {
    for await (const chunk of daemon.stdout) log += new TextDecoder().decode(chunk);
  })();
  await until(() => log.includes('"ready"') || daemon.exitCode !== null);
  if (daemon.exitCode !== null) throw new Error(await new Response(daemon.stderr).text());
});
afterAll(() => world.dispose());

const skip = skipWithout(able, "sockets by role: needs root, setpriv and curl");

describe.skipIf(skip)("the table of sockets, users and tokens", () => {
  test("files carry the modes and groups that let the kernel decide who connects", () => {
    const seen = ["admin", "gate", "verify"].map((name) => {
      const { mode, gid } = lstatSync(place(`run/${name}.sock`));
      return `${name} ${(mode & 0o777).toString(8)} ${gid}`;
    });
    expect(seen).toEqual([`admin 660 ${OPS_GROUP}`, `gate 660 ${GROUP}`, "verify 666 0"]);
  });

  const all = "gate replay read inspect operate";
  const tenant = "gate replay read inspect";
  const rows: readonly (readonly [who: string, asked: () => Asked, admin: string, gate: string, verify: string])[] = [
    ["root", () => ({ uid: 0 }), all, tenant, "read inspect"],
    ["a tenant's own user", () => ({ uid: WEB }), "cannot connect", tenant, "read inspect"],
    ["a user of the group that is in no tenant", () => ({ uid: NOBODY }), "cannot connect", "nothing", "nothing"],
    ["a shared user without a token", () => ({ uid: SHARED }), "cannot connect", "nothing", "nothing"],
    ["a shared user with a tenant's token", () => ({ uid: SHARED, token: capability({ tenant: "red" }) }), "cannot connect", "gate read", "read"],
    ["a shared user with a job's token", () => ({ uid: SHARED, bearer: ci.token() }), "cannot connect", "gate read", "read"],
    ["a tenant that narrows itself by a token", () => ({ uid: WEB, token: capability({ tenant: "web", verbs: ["read"] }) }), "cannot connect", "read", "read"],
    ["attack: a tenant with another tenant's token", () => ({ uid: WEB, token: capability({ tenant: "red" }) }), "cannot connect", "nothing", "nothing"],
    ["attack: a token that grants more than its tenant has", () => ({ uid: WEB, token: capability({ tenant: "web", verbs: ["gate", "operate"] }) }), "cannot connect", "gate", "nothing"],
    ["attack: a stranger with a sound token", () => ({ uid: NOBODY, token: capability({ tenant: "web" }) }), "cannot connect", "nothing", "nothing"],
    ["an operators' group", () => ({ uid: OPS }), "inspect operate", "inspect", "inspect"],
    ["root in a tenant's name", () => ({ uid: 0, token: capability({ tenant: "web", verbs: ["read"] }) }), "read", "read", "read"],
  ];
  for (const [who, asked, ...expected] of rows) {
    test(who, async () => {
      const seen = await Promise.all((["admin", "gate", "verify"] as const).map((socket) => mayOn({ ...asked(), socket })));
      expect(seen).toEqual(expected);
    });
  }

  test("whoever can connect may ask for health, version and rules, and nothing else without a name", async () => {
    const asked = { uid: NOBODY, socket: "verify" } as const;
    const seen = await Promise.all(["/healthz", "/readyz", "/v1/version", "/v1/rules", "/v1/status", "/v1/config", "/metrics"].map(async (path) => (await ask(asked, "GET", path)).status));
    expect(seen).toEqual([200, 200, 200, 200, 403, 403, 403]);
  });
});

describe.skipIf(skip)("refusals say what to do", () => {
  const read = (asked: Asked) => ask(asked, "GET", "/v1/gates/abcdef");
  test("an unknown user: what the operator adds", async () => {
    expect(await read({ uid: NOBODY })).toMatchObject({ code: "auth.denied", detail: expect.stringContaining(`uids: [${NOBODY}]`) });
  });
  test("a shared user: where the token goes", async () => {
    expect(await read({ uid: SHARED })).toMatchObject({ code: "auth.denied", detail: expect.stringContaining("MAESTRO_TOKEN_FILE") });
  });
  test("attack: expired, revoked, of another domain, alg none, HS256 with the public key", async () => {
    const past = new Date((now_s - 60) * 1000).toISOString().replace(/\.[0-9]+Z$/, "Z");
    const earlier = new Date((now_s - 600) * 1000).toISOString().replace(/\.[0-9]+Z$/, "Z");
    const bad: readonly Asked[] = [
      { uid: SHARED, token: capability({ tenant: "red", issued_at: earlier, expires_at: past }) },
      { uid: SHARED, token: capability({ tenant: "red", jti: "revoked-1" }) },
      { uid: SHARED, token: capability({ tenant: "red", trust_domain: "elsewhere.example.org" }) },
      { uid: SHARED, bearer: ci.unsigned() },
      { uid: SHARED, bearer: ci.signedWithPublicKey() },
    ];
    for (const asked of bad) expect(await read(asked)).toMatchObject({ code: "auth.token", status: 403 });
  });
  test("too fast: 429, with the second to come again", async () => {
    const seen: number[] = [];
    for (let i = 0; i < 3; i++) seen.push((await read({ uid: LIB })).status);
    expect(seen).toEqual([404, 404, 404]);
    // All at once, as each second fills up one more.
    seen.push(...(await Promise.all(Array.from({ length: 12 }, async () => (await read({ uid: LIB })).status))));
    expect(seen).toContain(429);
    expect((await read({ uid: WEB })).status).toBe(404);
  });
});

describe.skipIf(skip)("gates through the command line, as their users", () => {
  async function gate(uid: number, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
    const home = place(`home-${uid}`);
    mkdirSync(home, { recursive: true });
    chownSync(home, uid, uid);
    const cli = join(import.meta.dir, "../cli/main.ts");
    const command = [...asUser(uid), process.execPath, cli, "gate", place("repo0"), "--json", "--socket", place("run/gate.sock"), ...args];
    const child = Bun.spawn(command, { cwd: "/", env: { HOME: home, PATH: "/usr/local/bin:/usr/bin:/bin", GIT_CONFIG_COUNT: "1", GIT_CONFIG_KEY_0: "safe.directory", GIT_CONFIG_VALUE_0: "*", ...env }, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
    return { code: await child.exited, stdout, stderr };
  }

  const tokenFile = (name: string, uid: number, token: string): string => {
    writeFileSync(place(name), `${token}\n`, { mode: 0o600 });
    chownSync(place(name), uid, uid);
    return place(name);
  };

  test("two tenants on one user gate the same change and learn nothing of each other; the token leaves no trace", async () => {
    const repository = await world.changed({}, { "src/b.ts": "export const b = 2;\n" });
    expect(repository.path).toBe(place("repo0"));
    writeFileSync(place(`gitconfig-${SHARED}`), "[safe]\n\tdirectory = *\n");
    mkdirSync(place(`home-${SHARED}`), { recursive: true });
    writeFileSync(place(`home-${SHARED}/.gitconfig`), "[safe]\n\tdirectory = *\n");
    const red = capability({ tenant: "red", jti: "red-token-1", verbs: ["gate", "read"] });
    const blue = capability({ tenant: "blue", jti: "blue-token-1", verbs: ["gate", "read"] });
    const without = await gate(SHARED);
    expect([without.code, without.stderr]).toEqual([4, expect.stringContaining("MAESTRO_TOKEN_FILE")]);
    const first = await gate(SHARED, ["--token-file", tokenFile("red.token", SHARED, red)]);
    const second = await gate(SHARED, [], { MAESTRO_TOKEN_FILE: tokenFile("blue.token", SHARED, blue) });
    const [a, b] = [first, second].map((ran) => oneDocument(ran) as { gate_id: string; recorded: boolean; card: { repository: string; head: string }; timings: { usage: { cpu_us: number }; by_check: { usage?: { cpu_us: number } }[] } });
    expect([a?.card.repository, b?.card.repository]).toEqual(["local:red:repo0", "local:blue:repo0"]);
    expect([a?.recorded, b?.recorded]).toEqual([false, false]);
    expect(a?.timings.usage.cpu_us).toBeGreaterThan(10_000);
    expect(a?.timings.by_check.filter(({ usage }) => (usage?.cpu_us ?? 0) > 0).length).toBeGreaterThan(3);
    const find = (token: string, id = "") => ask({ uid: SHARED, token }, "GET", `/v1/gates/${encodeURIComponent(id)}`);
    expect([(await find(red, a?.gate_id)).status, (await find(blue, a?.gate_id)).status, (await find(red, b?.gate_id)).status]).toEqual([200, 404, 404]);
    const unknown = await find(blue, `gate:${"a".repeat(52)}`);
    expect((await find(blue, a?.gate_id)).detail.replace(/starts with .* is/, "is")).toBe(unknown.detail.replace(/starts with .* is/, "is"));
    expect(log).toMatch(new RegExp(`"route":"gate","method":"POST","status":200,"uid":${SHARED},"pid":[0-9]+,"tenant":"blue"`));
    for (const token of [red, blue]) expect(log.includes(token.slice(6, 60))).toBe(false);
  });

  test("attack: a token for one repository gates another", async () => {
    const narrow = tokenFile("narrow.token", SHARED, capability({ tenant: "red", repositories: ["acme/*"], jti: "narrow-token" }));
    const ran = await gate(SHARED, ["--token-file", narrow]);
    expect([ran.code, ran.stderr]).toEqual([4, expect.stringContaining("none of the repositories")]);
  });

  test("attack: a job's token gates another repository than its own", async () => {
    const ran = await gate(SHARED, ["--token-file", tokenFile("job.token", SHARED, ci.token())]);
    expect([ran.code, ran.stderr]).toEqual([4, expect.stringContaining("none of the repositories")]);
  });

  test("a token with a budget below one gate's worst case begins none", async () => {
    const poor = tokenFile("poor.token", SHARED, capability({ tenant: "red", jti: "poor-token-1", budget: { wall_us: 1_000_000 } }));
    const ran = await gate(SHARED, ["--token-file", poor, "--rerun"]);
    expect([ran.code, ran.stderr]).toEqual([69, expect.stringContaining("this budget is not refilled")]);
  });

  test("no token stands in the environment or the arguments of a process of the daemon", async () => {
    // One at least, by whatever name this is run.
    expect((await ask({ uid: SHARED, token: capability({ tenant: "red", jti: "seen-token-1" }) }, "GET", "/v1/version")).status).toBe(200);
    const pids = readdirSync("/proc").filter((name) => /^[0-9]+$/.test(name));
    const texts = pids.flatMap((pid) => ["environ", "cmdline"].flatMap((file) => {
      try {
        return [readFileSync(`/proc/${pid}/${file}`, "latin1")];
      } catch (error) {
        if (error instanceof Error && "code" in error) return [];
        throw error;
      }
    }));
    // Those of this file: other tests beside it may give theirs to clients of their own as they like.
    expect(issued.filter((token) => texts.some((text) => text.includes(token)))).toEqual([]);
  });
});

describe.skipIf(skip)("whose tokens are taken, while the daemon runs", () => {
  const reload = async (text: string): Promise<void> => {
    const before = log.split("reloaded").length;
    writeFileSync(place("maestrod.yaml"), text);
    process.kill(pid, "SIGHUP");
    await until(() => log.split("reloaded").length > before);
  };
  const read = async (asked: Omit<Asked, "uid">): Promise<string> => (await ask({ uid: SHARED, ...asked }, "GET", "/v1/gates/abcdef")).code;

  test("attack: a leaked token goes on after its revocation; a reload ends it, the others go on", async () => {
    const leaked = capability({ tenant: "red", jti: "leaked-token" });
    const other = capability({ tenant: "red", jti: "other-token" });
    expect([await read({ token: leaked }), await read({ token: other })]).toEqual(["request.not_found", "request.not_found"]);
    await reload(CONFIG.replace("[revoked-1]", "[revoked-1, leaked-token]"));
    expect([await read({ token: leaked }), await read({ token: other })]).toEqual(["auth.token", "request.not_found"]);
  });

  test("attack: the key of a CI system that was replaced signs on; a reload reads the key files again", async () => {
    const next = new CiSystem(now_s);
    writeFileSync(place("jwks.json"), next.jwks());
    await reload(CONFIG);
    expect([await read({ bearer: ci.token() }), await read({ bearer: next.token() })]).toEqual(["auth.token", "request.not_found"]);
  });

  test("a key file that cannot be read leaves everything as it was, and the log says why", async () => {
    writeFileSync(place("trust-cap.json"), "{}");
    await reload(CONFIG.replace("[revoked-1]", "[]"));
    expect(log).toContain("trust.malformed");
    expect(await read({ token: capability({ tenant: "red", jti: "revoked-1" }) })).toBe("auth.token");
    expect(await read({ token: capability({ tenant: "red", jti: "other-token" }) })).toBe("request.not_found");
  });
});
