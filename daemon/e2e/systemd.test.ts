/** The real `maestrod` under a stand-in for the service manager: when it says what, and what it says of itself. */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { readExposition } from "../metrics/testing/exposition.ts";
import { connect, untilText } from "../platform/socket/testing/raw.ts";
import { NotifyReceiver } from "../systemd/testing/receiver.ts";
import { AGENT, until, World } from "./testing/world.ts";

/** A busy machine gives a process no turn for a tenth of a second now and then. */
const WATCHDOG_MS = 1_000;
const HOST = "version: 1\ntrust_domain: build.example\nmodes: [local]\n";

setDefaultTimeout(120_000);

let world: World;
let receiver: NotifyReceiver;
beforeEach(() => {
  world = new World();
  receiver = new NotifyReceiver(world.path("notify"));
});
afterEach(async () => {
  receiver.close();
  await world.dispose();
});

const watched = () => ({ NOTIFY_SOCKET: receiver.address, WATCHDOG_USEC: String(WATCHDOG_MS * 1000) });

test("READY comes when the socket answers and not before; STOPPING before the process is gone", async () => {
  const child = world.spawnDaemon(["--embedded"], watched());
  await until(() => receiver.with("READY").length > 0);
  expect(await world.client.answers()).toBe(true);
  expect(receiver.heard[0]?.assignments).toMatchObject({ READY: "1", MAINPID: `${child.pid}` });
  const { intake_id } = await world.client.openIntake({ repository: "x", object_format: "sha1", cuts: [], tips: ["a".repeat(40)] });
  const upload = await connect(world.socket_path);
  upload.write(`PUT /v1/intakes/${intake_id}/pack HTTP/1.1\r\nhost: d\r\ncontent-length: 1000\r\nexpect: 100-continue\r\n\r\n`);
  await untilText(upload, "100 Continue");
  child.kill("SIGTERM");
  await until(() => receiver.with("STOPPING").length > 0);
  const signs = receiver.with("WATCHDOG").length;
  // A drain may take longer than the manager's patience, so the signs of life go on.
  await until(() => receiver.with("WATCHDOG").length > signs);
  expect(child.exitCode).toBeNull();
  upload.destroy();
  expect(await child.exited).toBe(0);
});

test("signs of life come at half the manager's patience, none from a stopped process, and again afterwards", async () => {
  const child = await world.daemon(["--embedded"], watched());
  // Counted from here: nobody knows how long ago it became ready.
  const earlier = receiver.with("WATCHDOG").length;
  const began_ms = performance.now();
  await until(() => receiver.with("WATCHDOG").length >= earlier + 4);
  const given = receiver.with("WATCHDOG").length - earlier;
  const passed_ms = performance.now() - began_ms;
  expect(given).toBeLessThanOrEqual(Math.ceil(passed_ms / (WATCHDOG_MS / 2)) + 1);
  child.kill("SIGSTOP");
  // What it said before it stood still is not counted.
  await until(() => /^State:\s+T/m.test(readFileSync(`/proc/${child.pid}/status`, "utf8")));
  const before = receiver.with("WATCHDOG").length;
  await Bun.sleep(WATCHDOG_MS * 2);
  expect(receiver.with("WATCHDOG").length).toBe(before);
  child.kill("SIGCONT");
  await until(() => receiver.with("WATCHDOG").length > before);
  expect((await world.status()).daemon.state).toBe("ready");
});

test("a daemon nobody watches sends no signs of life", async () => {
  await world.daemon(["--embedded"], { NOTIFY_SOCKET: receiver.address });
  await Bun.sleep(WATCHDOG_MS);
  expect(receiver.with("READY")).toHaveLength(1);
  expect(receiver.with("WATCHDOG")).toEqual([]);
});

test("SIGHUP: the next gate is judged by the new file; a broken file changes nothing; what waits for a restart is named", async () => {
  const file = world.path("maestrod.yaml");
  writeFileSync(file, HOST);
  const child = await world.daemon(["--config", file], watched());
  const repository = await world.changed({}, { "src/b.ts": Array.from({ length: 60 }, (_, i) => `export const b${i} = ${i};\n`).join("") }, AGENT);
  const env = { MAESTRO_CONFIG: file };
  const verdict = async () => (await world.run(["gate", repository.path, "--json"], { env })).code;
  expect(await verdict()).toBe(0);

  const reload = async (text: string) => {
    const heard = receiver.with("RELOADING").length;
    writeFileSync(file, text);
    child.kill("SIGHUP");
    // A sign of life may follow at once, so the last word heard need not be this one.
    await until(() => receiver.with("RELOADING").length > heard && receiver.heard.findLastIndex(({ assignments }) => assignments["READY"] === "1") > receiver.heard.findLastIndex(({ assignments }) => assignments["RELOADING"] === "1"));
    return (await world.status()).reload;
  };
  expect(await reload(`${HOST}idle_exit_ms: 7\nthresholds: { size_lines_max: 10 }\nrules: { size.unreviewable: { agent: refuse } }\n`)).toMatchObject({ result: "applied", needs_restart: ["idle_exit_ms"] });
  expect(await verdict()).toBe(1);
  const config = await world.client.config();
  expect(config.entries.find(({ key }) => key === "thresholds.size_lines_max")).toMatchObject({ value: "10", origin: "host" });
  expect(config.entries.find(({ key }) => key === "idle_exit_ms")).toMatchObject({ value: "0" });

  const refused = await reload(`${HOST}threshold: {}\n`);
  expect(refused).toMatchObject({ result: "refused", needs_restart: [] });
  expect(refused?.detail).toContain("did you mean thresholds?");
  expect(await verdict()).toBe(1);
  expect((await world.run(["status"])).stdout).toContain("reload   refused");

  chmodSync(file, 0o666);
  expect(await reload(HOST)).toMatchObject({ result: "refused", detail: expect.stringContaining("could have been written by others") });
  expect(await verdict()).toBe(1);
});

test("the metrics count what happened, in the form Prometheus reads", async () => {
  await world.daemon(["--embedded"], watched());
  const repository = await world.changed({}, { "src/b.ts": "export const b = 1;\n" });
  expect((await world.gate(repository)).code).toBe(0);
  expect((await world.gate(repository)).code).toBe(0);
  const ask = (path: string) => fetch(`http://d${path}`, { unix: world.socket_path });
  expect((await ask("/v1/nothing")).status).toBe(404);
  await until(() => receiver.with("WATCHDOG").length > 1);
  const response = await ask("/metrics");
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  const read = readExposition(await response.text());
  expect(["admit", "refuse", "hold"].map((verdict) => read.value("maestro_gates_total", { verdict }))).toEqual([1, 0, 0]);
  expect(read.value("maestro_gates_repeated_total")).toBe(1);
  expect(read.value("maestro_requests_total", { route: "gate", status: "200" })).toBe(2);
  expect(read.value("maestro_requests_total", { route: "none", status: "404" })).toBe(1);
  expect(read.value("maestro_refusals_total", { code: "request.not_found" })).toBe(1);
  expect(read.value("maestro_check_outcomes_total", { check: "secrets", result: "pass" })).toBe(1);
  expect(read.value("maestro_check_duration_seconds_count", { check: "secrets" })).toBe(1);
  expect(read.value("maestro_log_entries")).toBe((await world.status()).log.size);
  expect(Math.abs((read.value("maestro_log_last_append_timestamp_seconds") ?? 0) - Date.now() / 1000)).toBeLessThan(60);
  expect(read.value("maestro_watchdog_turn_seconds")).toBeGreaterThanOrEqual(0);
  for (const name of ["maestro_store_bytes", "maestro_state_free_bytes", "process_resident_memory_bytes", "process_open_fds", "process_cpu_seconds_total"]) expect(read.value(name)).toBeGreaterThan(0);
  // No label says anything of the change: not its repository, its commits or its files.
  expect(JSON.stringify(read.samples)).not.toMatch(/repo\d|src\/|[0-9a-f]{40}/);
});
