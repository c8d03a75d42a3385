import { describe, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { type CommandOptions, runCommand, streamCommand } from "./command.ts";
import { aliveInGroup, statOf } from "../kernel/proc.ts";
import { errno } from "../kernel/errno.ts";
import { failureOf, goneWithin } from "./testing/gone.ts";

const PATH = "/usr/local/bin:/usr/bin:/bin";
const OPTIONS: CommandOptions = { stdout_bytes_max: 1 << 20, deadline_ms: 10_000, env: { PATH } };
const sh = (script: string): string[] => ["/bin/sh", "-c", script];

describe("runCommand", () => {
  test("gives code, stdout and stderr", async () => {
    const { code, stdout, stderr } = await runCommand(sh("echo out; echo err >&2; exit 3"), OPTIONS);
    expect(code).toBe(3);
    expect(new TextDecoder().decode(stdout)).toBe("out\n");
    expect(stderr).toBe("err\n");
  });

  test("inherits no environment", async () => {
    process.env["MAESTRO_TEST_SECRET"] = "s3cret";
    try {
      const { stdout } = await runCommand(["/usr/bin/env"], { ...OPTIONS, env: { ONLY: "this" } });
      expect(new TextDecoder().decode(stdout)).toMatch(/^ONLY=this\nMAESTRO_MARK=[0-9a-f-]{36}\n$/);
    } finally {
      delete process.env["MAESTRO_TEST_SECRET"];
    }
  });

  test("runs in the folder it was given", async () => {
    const { stdout } = await runCommand(["/bin/pwd", "-P"], { ...OPTIONS, cwd: tmpdir() });
    expect(new TextDecoder().decode(stdout).trim()).toBe(tmpdir());
  });

  test("passes shell metacharacters as plain arguments", async () => {
    const { stdout } = await runCommand(["/usr/bin/printf", "%s", "$(id) `id` ; && \n'"], OPTIONS);
    expect(new TextDecoder().decode(stdout)).toBe("$(id) `id` ; && \n'");
  });

  test("carries bytes through stdin and stdout unchanged, larger than any pipe buffer", async () => {
    const bytes = new Uint8Array(3 << 20).map((_, i) => (i * 31) ^ (i >> 8));
    const { stdout } = await runCommand(["/bin/cat"], { ...OPTIONS, stdin: bytes, stdout_bytes_max: 4 << 20 });
    expect(Bun.SHA256.hash(stdout, "hex")).toBe(Bun.SHA256.hash(bytes, "hex"));
  });

  test("a command that ends without reading its stdin still gives its result", async () => {
    const { code } = await runCommand(sh("exit 7"), { ...OPTIONS, stdin: new Uint8Array(8 << 20) });
    expect(code).toBe(7);
  });

  test("keeps the first bytes of a flood on stderr and says what it dropped", async () => {
    const { code, stderr } = await runCommand(sh("head -c 5000000 /dev/zero | tr '\\0' x >&2"), { ...OPTIONS, stderr_bytes_max: 10 });
    expect(code).toBe(0);
    expect(stderr).toBe("xxxxxxxxxx\n[4999990 more bytes dropped]");
  });

  test("a missing program is worker.crashed with ENOENT as cause", async () => {
    const failure = await failureOf(runCommand(["/nonexistent/git"], OPTIONS));
    expect(failure.code).toBe("worker.crashed");
    expect(errno(failure.cause)).toBe("ENOENT");
  });

  test("death from a signal is worker.crashed with what it said last", async () => {
    const failure = await failureOf(runCommand(sh("echo last words >&2; kill -SEGV $$"), OPTIONS));
    expect(failure.code).toBe("worker.crashed");
    expect(failure.detail).toContain("SIGSEGV");
    expect(failure.detail).toContain("last words");
  });
});

describe("limits of a command", () => {
  test("a loop is killed at the deadline with its children", async () => {
    const stream = streamCommand(sh("sleep 60 & while :; do :; done"), { ...OPTIONS, deadline_ms: 100 });
    expect(aliveInGroup(stream.pid).length).toBeGreaterThan(0);
    const failure = await failureOf(Array.fromAsync(stream));
    expect(failure.code).toBe("worker.deadline");
    expect(await goneWithin(stream.pid, 10_000)).toBe(true);
  });

  test("endless output is killed at stdout_bytes_max", async () => {
    const stream = streamCommand(["/bin/cat", "/dev/zero"], { ...OPTIONS, stdout_bytes_max: 1_000_000 });
    const failure = await failureOf(Array.fromAsync(stream));
    expect(failure.code).toBe("worker.protocol");
    expect(failure.detail).toContain("1000000 bytes");
    expect(await goneWithin(stream.pid, 10_000)).toBe(true);
  });

  test("exactly stdout_bytes_max is allowed", async () => {
    const { stdout } = await runCommand(sh("head -c 5000 /dev/zero"), { ...OPTIONS, stdout_bytes_max: 5_000 });
    expect(stdout.length).toBe(5_000);
  });

  test("an abort kills the group and is request.cancelled", async () => {
    const controller = new AbortController();
    const stream = streamCommand(sh("sleep 60 & sleep 60"), { ...OPTIONS, signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    expect((await failureOf(Array.fromAsync(stream))).code).toBe("request.cancelled");
    expect(await goneWithin(stream.pid, 10_000)).toBe(true);
  });

  test("an abort before the start starts nothing", async () => {
    const failure = await failureOf(runCommand(sh("exit 0"), { ...OPTIONS, signal: AbortSignal.abort() }));
    expect(failure.code).toBe("request.cancelled");
  });

  test("a child left in the background dies with a command that ends well", async () => {
    const { stdout } = await runCommand(sh("sleep 60 & echo $$"), OPTIONS);
    expect(await goneWithin(Number(new TextDecoder().decode(stdout)), 10_000)).toBe(true);
  });

  test("a process that fled to another session and holds stdout cannot make the caller wait past the deadline", async () => {
    const started = performance.now();
    const stream = streamCommand(sh("setsid sh -c 'echo $$; sleep 60' & sleep 2"), { ...OPTIONS, deadline_ms: 6_000 });
    const chunks: Uint8Array[] = [];
    const failure = await failureOf((async () => {
      for await (const chunk of stream) chunks.push(chunk);
    })());
    expect(failure.code).toBe("worker.deadline");
    expect(performance.now() - started).toBeLessThan(40_000);
    const fled = Number(Buffer.concat(chunks).toString());
    // 0 would be this process's own group.
    expect(fled).toBeGreaterThan(1);
    process.kill(fled, "SIGKILL");
  });
});

describe("streamCommand", () => {
  test("reads only as fast as its consumer", async () => {
    const stream = streamCommand(["/bin/cat", "/dev/zero"], { ...OPTIONS, stdout_bytes_max: Number.MAX_SAFE_INTEGER });
    const written = async () => Number(/wchar: (\d+)/.exec(await Bun.file(`/proc/${stream.pid}/io`).text())?.[1]);
    for await (const chunk of stream) {
      expect(chunk.length).toBeGreaterThan(0);
      await Bun.sleep(100);
      const before = await written();
      await Bun.sleep(100);
      expect((await written()) - before).toBeLessThan(2 << 20);
      break;
    }
    expect(statOf(stream.pid)?.state ?? "gone").toMatch(/gone|Z/);
    expect((await failureOf(stream.ended)).code).toBe("request.cancelled");
  });

  test("takes stdin only as fast as the command reads it", async () => {
    let pulled = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 65_536;
        controller.enqueue(new Uint8Array(65_536));
      },
    });
    const failure = await failureOf(runCommand(["/bin/sleep", "60"], { ...OPTIONS, stdin: endless, deadline_ms: 200 }));
    expect(failure.code).toBe("worker.deadline");
    expect(pulled).toBeLessThan(4 << 20);
  });

  test("a stdin stream that breaks kills the command instead of giving it a short input", async () => {
    const broken = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.error(new Error("client went away"));
      },
    });
    const failure = await failureOf(runCommand(sh("cat; echo took it as the whole input"), { ...OPTIONS, stdin: broken }));
    expect(failure.code).toBe("request.cancelled");
    expect(String(failure.cause)).toContain("client went away");
  });

  test("a command that ends while its stdin stream is idle does not wait for it", async () => {
    let cancelled = false;
    const idle = new ReadableStream<Uint8Array>({ cancel: () => void (cancelled = true) });
    const { code } = await runCommand(sh("exit 0"), { ...OPTIONS, stdin: idle });
    expect(code).toBe(0);
    expect(cancelled).toBe(true);
  });
});
