/** Hooks beside those who never answer: to most agents a hook that is cut off is a yes. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { agentHook } from "./agent-hook.ts";
import type { AgentName } from "./agents/index.ts";
import type { Authority } from "./judge.ts";

const CLI = join(import.meta.dir, "../main.ts");
const folder = mkdtempSync(join(tmpdir(), "maestro-never-"));
const socket = join(folder, "state/maestrod.sock");
let server: Server;
beforeAll(async () => {
  mkdirSync(join(folder, "state"), { mode: 0o700 });
  Bun.spawnSync(["git", "init", "-q", join(folder, "repo")]);
  Bun.spawnSync(["git", "-c", "user.name=a", "-c", "user.email=a@x", "commit", "-q", "--allow-empty", "-m", "x"], { cwd: join(folder, "repo") });
  // Takes every connection and says nothing.
  server = createServer(() => {});
  await new Promise<void>((resolve) => void server.listen(socket, resolve));
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

function hook(args: readonly string[], stdin: Bun.Spawn.Writable | Blob | Buffer): Bun.Subprocess<Bun.Spawn.Writable | Blob | Buffer, "pipe", "pipe"> {
  const env = { PATH: "/usr/bin:/bin", HOME: folder, MAESTRO_STATE: join(folder, "state"), MAESTRO_SOCKET: socket, MAESTRO_CONFIG: join(folder, "none.yaml") };
  return Bun.spawn([process.execPath, CLI, "hook", ...args], { cwd: join(folder, "repo"), env, stdin, stdout: "pipe", stderr: "pipe" });
}

test("attack: a daemon that takes the connection and never answers does not let a push of git go on", async () => {
  const line = `refs/heads/main ${"1".repeat(40)} refs/heads/main ${"0".repeat(40)}\n`;
  const child = hook(["pre-push", "--deadline", "2"], Buffer.from(line));
  expect([await child.exited, await new Response(child.stderr).text()]).toEqual([1, expect.stringContaining("request.timeout")]);
}, 120_000);

test("attack: a standard input that nobody closes does not keep the process; it ends, and blocks", async () => {
  const child = hook(["claude"], "pipe");
  const started = performance.now();
  expect([await child.exited, await new Response(child.stderr).text()]).toEqual([2, expect.stringContaining("standard input did not end")]);
  expect(performance.now() - started).toBeLessThan(15_000);
}, 120_000);

test.each(["claude", "codex", "cursor", "copilot", "gemini"] as const)("attack: %s is answered with a denial when the daemon is out of time", async (agent: AgentName) => {
  const never = (): Promise<never> => new Promise<never>(() => {});
  const authority: Authority = { push: never, spend: never, stop: never };
  const call = { hook_event_name: agent === "cursor" ? "beforeShellExecution" : agent === "gemini" ? "BeforeTool" : "PreToolUse", tool_name: "Bash", tool_input: { command: "git push" }, command: "git push", cwd: folder };
  const input = new Response(JSON.stringify(call)).body ?? new ReadableStream<Uint8Array>();
  const reply = await agentHook({ agent, event: null, input, cwd: folder, locations: { state_dir: join(folder, "state"), host_config_path: "/nonexistent" }, authority, deadline_ms: 50 });
  expect(`${reply.stdout}${reply.stderr}`).toContain("request.timeout");
  expect(agent === "copilot" ? JSON.parse(reply.stdout).permissionDecision : reply.code).toBe(agent === "copilot" ? "deny" : 2);
});
