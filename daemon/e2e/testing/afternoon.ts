/** A build host on one afternoon: a code host with a guarded branch, an operator's daemon, an agent, a person and a queue, each a user of this machine. */
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Source } from "../../platform/git/testing/scratch.ts";
import { gitDaemon, type Server } from "../../testing/remotes.ts";
import { CLI } from "../../testing/programs.ts";
import { HAS_SSH_KEYGEN, KeyRing } from "../../testing/ssh.ts";
import { Operated, ROW } from "./operated.ts";
import type { Ran, World } from "./world.ts";


/** The agent's user exists, because ssh-keygen signs for no other. */
export const AGENT_UID = 65_534;
const ALICE_UID = 50_102;
/** Keeps the repository and runs its hooks, and merges what is admitted. */
const FORGE_UID = 50_103;
const USERS = [AGENT_UID, ALICE_UID, FORGE_UID] as const;
type User = (typeof USERS)[number];

export const AGENT_TRAILER = "Co-Authored-By: Claude <noreply@anthropic.com>";
const TARGET = "refs/heads/main";

export const PERSON = { name: "Alice", email: "alice@example.org" } as const;

const setpriv = (uid: number): string[] => ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"];

/** Why an afternoon cannot be had here; null where it can. */
export function hindrance(): string | null {
  if (process.getuid?.() !== 0 || Bun.which("setpriv") === null || !HAS_SSH_KEYGEN) return "an afternoon of several users needs root, setpriv and ssh-keygen";
  const readable = Bun.spawnSync([...setpriv(AGENT_UID), process.execPath, CLI, "--help"], { cwd: "/", env: { HOME: "/nonexistent", PATH: "/usr/bin:/bin" }, stdout: "ignore", stderr: "ignore" }).exitCode === 0;
  return readable ? null : "an afternoon of several users needs sources that other users can read";
}

export interface AfternoonOptions {
  /** A repository whose HEAD, with its history, `main` begins with; absent: a small one is made. */
  readonly source?: string | undefined;
}

/** A clone, as the user it belongs to. */
export class Desk {
  constructor(
    private readonly afternoon: Afternoon,
    readonly uid: User,
    readonly path: string,
  ) {}

  /** Ordinary git; what it prints is there whether it succeeds or not. */
  tryGit(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
    return this.afternoon.as(this.uid, ["git", ...args], { cwd: this.path, env });
  }

  async git(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.tryGit(args);
    if (code !== 0) throw new Error(`git ${args.join(" ")}: ${stderr}`);
    return stdout.trim();
  }

  maestro(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
    return this.afternoon.as(this.uid, [join(this.afternoon.bin, "maestro"), ...args], { cwd: this.path, env });
  }

  /** Writes files (null deletes) and commits all of them; `as` is who the commit says made it. */
  async commit(files: Readonly<Record<string, string | null>>, message: string, as: { readonly name: string; readonly email: string } = { name: "Robot", email: "robot@example.org" }): Promise<string> {
    for (const [name, content] of Object.entries(files)) {
      if (content === null) await this.git("rm", "-qf", name);
      else {
        const file = join(this.path, name);
        mkdirSync(join(file, ".."), { recursive: true });
        writeFileSync(file, content);
        Bun.spawnSync(["chown", "-R", `${this.uid}:${this.uid}`, this.path]);
      }
    }
    await this.git("add", "-A");
    await this.git("-c", `user.name=${as.name}`, "-c", `user.email=${as.email}`, "commit", "-q", "--allow-empty", "-m", message);
    return this.git("rev-parse", "HEAD");
  }

  push(refspec: string, ...flags: string[]): Promise<Ran> {
    return this.tryGit(["push", "-q", ...flags, "origin", refspec]);
  }

  /** What Claude Code does before a tool runs: every command of its settings gets the call, and exit 2 stops it. */
  async tool(tool_name: string, tool_input: object): Promise<Ran> {
    const settings = JSON.parse(readFileSync(join(this.path, ".claude/settings.json"), "utf8")) as { readonly hooks: { readonly PreToolUse: readonly { readonly hooks: readonly { readonly command: string }[] }[] } };
    const payload = JSON.stringify({ hook_event_name: "PreToolUse", tool_name, tool_input, cwd: this.path });
    for (const { command } of settings.hooks.PreToolUse.flatMap(({ hooks }) => hooks)) {
      const ran = await this.afternoon.as(this.uid, ["sh", "-c", command], { cwd: this.path, stdin: payload });
      if (ran.code !== 0 || ran.stdout !== "") return ran;
    }
    return { code: 0, stdout: "", stderr: "" };
  }
}

export class Afternoon implements AsyncDisposable {
  private desks = 0;

  private constructor(
    private readonly operated: Operated,
    private readonly forge: Server,
    readonly keys: KeyRing,
  ) {}

  get world(): World {
    return this.operated.world;
  }

  /** A folder with `maestro` in it, for every user's PATH. */
  get bin(): string {
    return this.world.path("bin");
  }

  get remote(): string {
    return `${this.forge.url}/app.git`;
  }

  get trust(): string {
    return this.world.path("trust.json");
  }

  static async start({ source }: AfternoonOptions = {}): Promise<Afternoon> {
    const operated = await Operated.start();
    const { world, bare } = operated;
    const keys = new KeyRing();
    try {
      chmodSync(world.home, 0o755);
      chmodSync(world.path("trust.json"), 0o644);
      mkdirSync(world.path("bin"));
      mkdirSync(world.path("run"), { mode: 0o755 });
      for (const uid of USERS) {
        mkdirSync(world.path(`home-${uid}`));
        chownSync(world.path(`home-${uid}`), uid, uid);
      }
      writeFileSync(world.path("bin/maestro"), `#!/bin/sh\nexec "${process.execPath}" "${CLI}" "$@"\n`, { mode: 0o755 });
      await seed(operated, source);
      await operated.stop();
      writeFileSync(join(bare, "hooks/pre-receive"), `#!/bin/sh\nMAESTRO_SOCKET='${world.path("run/gate.sock")}' exec '${world.path("bin/maestro")}' hook pre-receive --repository ${ROW}\n`, { mode: 0o755 });
      new Source(bare).git("config", "daemon.receivepack", "true");
      Bun.spawnSync(["chown", "-R", `${FORGE_UID}:${FORGE_UID}`, world.path("served")]);
      const forge = await gitDaemon(world.path("served"), setpriv(FORGE_UID));
      const afternoon = new Afternoon(operated, forge, keys);
      await operated.daemon({ modes: "[host, fork]", row: { remote: afternoon.remote }, more: afternoon.people() });
      return afternoon;
    } catch (error) {
      keys[Symbol.dispose]();
      await operated[Symbol.asyncDispose]();
      throw error;
    }
  }

  private people(): string {
    const { world, keys } = this;
    return `tenants:
- {id: jobs, uids: [${AGENT_UID}], repositories: [${ROW}]}
- {id: forge, uids: [${FORGE_UID}], repositories: [${ROW}]}
sockets:
- {path: ${world.path("run/gate.sock")}, role: gate, mode: "0666"}
- {path: ${world.socket_path}, role: admin}
people:
- {id: alice, uids: [${ALICE_UID}], emails: [${PERSON.email}], may: [approve, override]}
- {id: carol, ssh_keys: ["${keys.make("carol")}"], presence: passphrase, may: [approve]}
report: {per_person: true}
`;
  }

  /** As a user of this machine, with a home of its own and nothing of the caller's environment. */
  async as(uid: User, argv: readonly string[], { cwd, env = {}, stdin }: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>>; readonly stdin?: string } = {}): Promise<Ran> {
    const home = this.world.path(`home-${uid}`);
    const own = { HOME: home, XDG_STATE_HOME: join(home, "state"), PATH: `${this.bin}:/usr/local/bin:/usr/bin:/bin`, LANG: "C.UTF-8", MAESTRO_CONFIG: "/nonexistent", MAESTRO_SOCKET: this.world.path("run/gate.sock"), ...env };
    const child = Bun.spawn([...setpriv(uid), ...argv], { cwd: cwd ?? home, env: own, stdin: stdin === undefined ? "ignore" : Buffer.from(stdin), stdout: "pipe", stderr: "pipe" });
    const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    return { code, stdout, stderr };
  }

  /** A fresh clone on a branch of its own. */
  async desk(uid: User, branch = "change"): Promise<Desk> {
    const path = this.world.path(`home-${uid}/desk${this.desks++}`);
    const cloned = await this.as(uid, ["git", "clone", "-q", this.remote, path]);
    if (cloned.code !== 0) throw new Error(cloned.stderr);
    const desk = new Desk(this, uid, path);
    await desk.git("switch", "-qc", branch);
    return desk;
  }

  agent = (branch?: string): Promise<Desk> => this.desk(AGENT_UID, branch);
  queue = (branch?: string): Promise<Desk> => this.desk(FORGE_UID, branch);

  /** The person at a terminal of her own. */
  person(args: readonly string[]): Promise<Ran> {
    return this.as(ALICE_UID, [join(this.bin, "maestro"), ...args]);
  }

  /** Where the guarded branch stands, by the code host's own word. */
  async landed(): Promise<string> {
    return (await this.as(FORGE_UID, ["git", "ls-remote", this.remote, TARGET])).stdout.split("\t")[0] ?? "";
  }

  /** Carol's key in the agent's own reach: her passphrase is what it lacks, so a copy without one stands for her fingers. */
  handKey(name: string): string {
    const own = this.world.path(`home-${AGENT_UID}/${name}`);
    for (const suffix of ["", ".pub"]) {
      writeFileSync(`${own}${suffix}`, readFileSync(join(this.keys.folder, `${name}${suffix}`)), { mode: 0o600 });
      chownSync(`${own}${suffix}`, AGENT_UID, AGENT_UID);
    }
    return own;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.forge[Symbol.asyncDispose]();
    await this.operated[Symbol.asyncDispose]();
    this.keys[Symbol.dispose]();
  }
}

/** What stands on `main` before the afternoon: a package, its tests, CI, and the hooks that `maestro init` writes. */
async function seed({ upstream, world }: Operated, source: string | undefined): Promise<void> {
  if (source === undefined) {
    await upstream.commit({ "package.json": '{\n  "name": "app",\n  "version": "1.0.0",\n  "dependencies": {\n    "left": "1.0.0"\n  }\n}\n', ".github/workflows/test.yml": "on: push\npermissions: {contents: read}\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: npm test\n", "test/a.test.ts": 'import { a } from "../src/a.ts";\ntest("a", () => expect(a).toBe(1));\n' });
  } else {
    upstream.git("fetch", "-q", "--no-tags", "--", source, "HEAD");
    upstream.git("reset", "-q", "--hard", "FETCH_HEAD");
  }
  const made = await world.run(["init", upstream.path, "--agents", "claude", "--wrapper", world.path("bin/maestro"), "--yes"]);
  if (made.code !== 0) throw new Error(made.stderr);
  await upstream.commit({}, "guard this repository");
  upstream.git("push", "-q", "--force", "origin", "HEAD:main");
}
