/** The launcher as a unit of its own: real launchers, each behind a connection of a real socket. */
import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, copyFileSync, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { MaestroError } from "../../../proto/errors.ts";
import { skipWithout } from "../../testing/skip.ts";
import { encodeFrame } from "../process/frames.ts";
import { processGoneWithin } from "../process/testing/gone.ts";
import { Connected } from "../process/connected.ts";
import { absent } from "./index.ts";
import { type Sandbox, TAIL_BYTES_MAX } from "./job.ts";
import { asNobody, Behind, NOBODY } from "./testing/behind.ts";
import { contentOf, NEVER, sandboxWithout, scratch, shellJob } from "./testing/rig.ts";

setDefaultTimeout(120_000);
const dir = scratch();
chmodSync(dir.path, 0o777);
const child = sandboxWithout([]);
const { usable } = await child.tier("bwrap");
await child.close();
const activated = Bun.which("systemd-socket-activate") !== null;
const skipped = skipWithout(usable && activated, "needs bubblewrap and systemd-socket-activate, so no launcher was tried behind a socket");
const isRoot = process.getuid?.() === 0 && Bun.which("setpriv") !== null;
const alone = skipWithout(isRoot, "the tests do not run as root (or setpriv is missing), so nobody else was there to be refused");
const opened: Sandbox[] = [];
afterAll(async () => {
  await Promise.all(opened.map((sandbox) => sandbox.close()));
  dir[Symbol.dispose]();
});

let serial = 0;
const nextPath = (): string => join(dir.path, `s${++serial}`);

function at(socket: string): Sandbox {
  const sandbox = sandboxWithout([], { socket });
  opened.push(sandbox);
  return sandbox;
}

async function failureOf(work: Promise<unknown>): Promise<{ readonly code: string; readonly detail: string }> {
  const error: unknown = await work.then(() => null, (thrown: unknown) => thrown);
  return error instanceof MaestroError ? { code: error.code, detail: error.detail } : { code: "none", detail: String(error) };
}

/** Host pids of processes whose command line begins so. */
function pidsOf(words: string): number[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name) && existsSync(`/proc/${name}/cmdline`) && commandOf(name).startsWith(words)).map(Number);
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

async function pidOf(words: string): Promise<number> {
  for (let tries = 0; tries < 1_000; tries++) {
    const [pid] = pidsOf(words);
    if (pid !== undefined) return pid;
    await Bun.sleep(10);
  }
  throw new Error(`no process ${words}`);
}

describe.skipIf(skipped)("behind a socket", () => {
  test("a job gets its tree and leaves code, the tail of its output and files, one launcher for all of it; where nobody listens the remedy is told", async () => {
    const path = nextPath();
    const sandbox = at(path);
    expect(await failureOf(sandbox.run(shellJob("true"), NEVER))).toEqual({ code: "sandbox.unavailable", detail: `no launcher answers on ${path}; systemctl enable --now maestro-sandbox.socket` });
    await using behind = await Behind.listen(path);
    const job = shellJob("head -c 6000000 /dev/zero | tee report; ls /change/rig.ts; exit 3", { wanted: [{ path: "report", bytes_max: 6_000_000 }] });
    const result = await sandbox.run(job, NEVER);
    expect([result.end, result.stdout.length, Buffer.from(result.stdout.subarray(-15)).toString()]).toEqual([{ kind: "exit", code: 3 }, TAIL_BYTES_MAX, "/change/rig.ts\n"]);
    expect(contentOf(result.files.get("report")) === "\0".repeat(6_000_000)).toBe(true);
    expect((await sandbox.run(shellJob("exit 4"), NEVER)).end).toEqual({ kind: "exit", code: 4 });
    expect(behind.launchers()).toHaveLength(1);
  });

  test("a launcher that is killed in the middle takes its job along, the run failed, and the next one gets another launcher", async () => {
    const path = nextPath();
    await using behind = await Behind.listen(path);
    const sandbox = at(path);
    expect((await sandbox.tier("bwrap")).usable).toBe(true);
    const words = `sleep 91.${process.pid}`;
    const run = failureOf(sandbox.run(shellJob(`exec ${words}`), NEVER));
    const pid = await pidOf(words);
    for (const launcher of behind.launchers()) process.kill(launcher, "SIGKILL");
    expect(await run).toEqual({ code: "sandbox.failed", detail: "the launcher hung up" });
    expect(await processGoneWithin(pid, 10_000)).toBe(true);
    expect((await sandbox.run(shellJob("exit 5"), NEVER)).end).toEqual({ kind: "exit", code: 5 });
  });

  test("a cancelled job is hung up on, which kills everything inside; so does closing", async () => {
    const path = nextPath();
    await using _behind = await Behind.listen(path);
    const sandbox = at(path);
    for (const end of ["abort", "close"] as const) {
      const words = `sleep ${end === "abort" ? 92 : 93}.${process.pid}`;
      const abort = new AbortController();
      const run = failureOf(sandbox.run(shellJob(`setsid ${words} & exec ${words}`), abort.signal));
      await pidOf(words);
      const pids = pidsOf(words);
      if (end === "abort") abort.abort();
      else await sandbox.close();
      expect((await run).code).toBe(end === "abort" ? "request.cancelled" : "sandbox.failed");
      for (const pid of pids) expect(await processGoneWithin(pid, 10_000)).toBe(true);
    }
  });
});

/** What waits for no deadline is not to meet one on a busy machine. */
const PATIENCE_MS = 10_000;
const READY = Buffer.from(encodeFrame({ kind: "ready" }, 1_000));

describe("a launcher that lies or hangs", () => {
  /** Says `ready`, and `words` at the first order. */
  async function told(words: Uint8Array | null, greeting: Uint8Array = READY): Promise<{ readonly code: string; readonly detail: string }> {
    const path = nextPath();
    const liar = Bun.listen({ unix: path, socket: { open: (socket) => void socket.write(greeting), data: (socket) => void (words === null ? 0 : words.length === 0 ? socket.end() : socket.write(words)) } });
    try {
      const launcher = new Connected({ path, what: "launcher", limits: { ready_deadline_ms: greeting.length === 0 ? 300 : PATIENCE_MS, reply_bytes_max: 1_000, frame_bytes_max: 500 }, absent });
      await launcher.ready;
      return await failureOf(launcher.run({}, { validate: (value) => value, deadline_ms: words === null ? 200 : PATIENCE_MS }));
    } catch (error) {
      return await failureOf(Promise.reject(error));
    } finally {
      liar.stop(true);
    }
  }

  test("is hung up on, whatever it is", async () => {
    const frame = (value: unknown): Uint8Array => encodeFrame(value, 10_000);
    expect(await told(null)).toEqual({ code: "worker.deadline", detail: "200 ms" });
    expect(await told(null, new Uint8Array(0))).toEqual({ code: "worker.deadline", detail: "not ready after 300 ms" });
    expect(await told(new Uint8Array(0))).toEqual({ code: "worker.crashed", detail: "the launcher hung up" });
    for (const lie of [READY, frame({ kind: "reply", id: 2, value: 0 }), frame({ kind: "progress", id: 1, value: 0 }), Buffer.from("no frame at all"), ...[600, 2_000].map((length) => frame({ kind: "reply", id: 1, value: "x".repeat(length) }))]) {
      expect((await told(lie)).code).toBe("worker.protocol");
    }
    expect(await told(frame({ kind: "reply", id: 1, value: 7 }))).toEqual({ code: "none", detail: "null" });
  });
});

describe.skipIf(skipped || alone)("somebody else at the other end", () => {
  test("attack: a socket held by another user is given no job", async () => {
    const path = nextPath();
    const seen = join(dir.path, "seen");
    const impostor = ["/bin/sh", "-c", `printf '\\000\\000\\000\\020{"kind":"ready"}'; exec cat > ${seen}`];
    await using _behind = await Behind.listen(path, { prefix: asNobody(), argv: impostor });
    expect(await failureOf(at(path).run(shellJob("true"), NEVER))).toEqual({ code: "sandbox.unavailable", detail: expect.stringContaining(`is held by uid ${NOBODY}, neither root nor the daemon's own user, so no job is given to it`) });
    await Bun.sleep(200);
    expect(statSync(seen, { throwIfNoEntry: false })?.size ?? 0).toBe(0);
  });

  /** What a launcher of group 77, in a user namespace as in its unit, says to somebody who is not root. Bun is copied, because it may lie where only root can read. */
  async function heardBy(groups: string): Promise<string> {
    const path = nextPath();
    const [bun, script] = [join(dir.path, "bun"), join(dir.path, "ask.ts")];
    if (!existsSync(bun)) copyFileSync(process.execPath, bun);
    chmodSync(bun, 0o755);
    await Bun.write(script, `await Bun.connect({ unix: Bun.argv[2], socket: { data() { process.stdout.write("heard"); process.exit(0); }, close() { process.stdout.write("hung up"); process.exit(0); } } });`);
    await using _behind = await Behind.listen(path, { prefix: ["setpriv", "--regid=77", "--clear-groups", "--", "unshare", "--user", "--map-current-user", "--"] });
    return Bun.spawnSync([...asNobody(groups), bun, script, path], { env: {}, cwd: "/" }).stdout.toString();
  }

  test("attack: somebody who is neither root nor of the launcher's group gets no launcher, even where the socket let him in", async () => {
    expect(await heardBy("--clear-groups")).toBe("hung up");
    expect(await heardBy("--groups=77")).toBe("heard");
  });
});
