/** Events reported by the command line to a daemon that is killed meanwhile, and a breaker that opens, as an operator sees them. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until, World } from "./testing/world.ts";

let world: World;
let daemon: Bun.Subprocess<"ignore", "pipe", "pipe">;
const start = async (): Promise<void> => void (daemon = await world.daemon(["--config", world.path("maestrod.yaml")]));
const run = (...args: string[]) => world.run([...args, "--socket", world.socket_path]);
const json = async (...args: string[]): Promise<unknown> => JSON.parse((await run(...args, "--json")).stdout);

beforeAll(async () => {
  world = new World();
  const folder = world.path("invariants");
  mkdirSync(folder);
  writeFileSync(join(folder, "events.yaml"), "events:\n  call: {fields: {agent: string}}\n  reply: {fields: {agent: string}}\n");
  writeFileSync(join(folder, "answered.yaml"), "id: SHOP.ANSWERED\nscope: agent\nwhen: [{event: call}, {event: reply}]\nper: agent\nkeys_max: 10\ntemporal:\n  - formula: call leads_to reply within 1s\n    message: 'no reply for {{agent}}'\n  - formula: always !reply || once call in 24h\n");
  writeFileSync(world.path("maestrod.yaml"), `version: 1\ntrust_domain: ci.example.org\nmodes: [local]\ninvariants_folder: ${folder}\nlimits: {event: {reorder_ms: 1}}\nbreakers: {rotate: {failures_max: 2}}\n`);
  await start();
}, 120_000);
afterAll(() => world.dispose());

test("events are sent once however often, silence is a violation with the rule's words, and a killed daemon says what it cannot tell", async () => {
  const file = world.path("calls.jsonl");
  writeFileSync(file, '{"event": "call", "with": {"agent": "a"}}\n{"event": "call", "with": {"agent": "b"}}\n{"event": "reply", "with": {"agent": "a"}}\n{"event": "elsewhere"}\n');
  expect(await json("events", "send", file)).toMatchObject({ accepted: 4, known: 0, unheard: 1 });
  expect(await json("events", "send", file)).toMatchObject({ accepted: 0, known: 4 });
  await until(async () => (await run("monitors")).stdout.includes('no reply for "b"'));
  daemon.kill("SIGKILL");
  await daemon.exited;
  await start();
  expect(await json("events", "send", file)).toMatchObject({ accepted: 0, known: 4 });
  expect(await json("monitors")).toMatchObject({ monitors: [{ invariant: "SHOP.ANSWERED", verdict: "inconclusive", newest: { because: "restart" } }] });
  expect(await run("events", "send", world.path("none.jsonl"))).toMatchObject({ code: 2 });
}, 120_000);

test("what fails again and again is refused with the reason, in the list, in the metrics and after a restart", async () => {
  expect((await run("breaker", "list")).stdout).toBe("every breaker is closed\n");
  // A next key that others may read is none to go on under: a rotation fails on the daemon's side.
  expect((await run("log", "rotate", "--prepare")).code).toBe(0);
  const next_key = join(world.state_dir, "keys.prepared");
  chmodSync(next_key, 0o755);
  const rotate = async (): Promise<string> => (JSON.parse((await run("log", "rotate", "--activate", "--json")).stdout) as { code: string }).code;
  expect([await rotate(), await rotate(), await rotate()]).toEqual(["evidence.keys", "evidence.keys", "breaker.open"]);
  daemon.kill("SIGKILL");
  await daemon.exited;
  chmodSync(next_key, 0o700);
  await start();
  expect(await rotate()).toBe("breaker.open");
  expect(await json("breaker", "list")).toMatchObject({ breakers: [{ action: "rotate", state: "open", trips: 1, reason: expect.stringContaining("evidence.keys") }] });
  const metrics = await (await fetch("http://d/metrics", { unix: world.socket_path })).text();
  expect(metrics).toMatch(/^maestro_breakers_open 1$/m);
  // Nobody is listed under `people`, so nobody is a person here.
  expect(await run("breaker", "reset", "rotate", "--reason", "the keys are back")).toMatchObject({ code: 4, stderr: expect.stringContaining("lists no people") });
}, 120_000);
