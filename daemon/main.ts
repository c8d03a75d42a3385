/** `maestrod`: takes the state folder, opens it, serves the socket, and ends in order. */
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import pino from "pino";
import { nativeEd25519, nativeP256 } from "../kernels/signatures/native.ts";
import { EXIT, MaestroError } from "../proto/errors.ts";
import type { Locations } from "../proto/locations.ts";
import type { HostConfig } from "../proto/config.ts";
import type { Log } from "./api/index.ts";
import { composeCore } from "./compose.ts";
import { notifySettings, ownLocations } from "./config/environment.ts";
import { EMBEDDED_CONFIG } from "./config/host.ts";
import { readHostConfig } from "./config/host-file.ts";
import { LiveHost } from "./config/live.ts";
import { Daemon } from "./daemon.ts";
import { requirePlace, settlePlace } from "./integrity/place.ts";
import { systemClock } from "./platform/clock.ts";
import { diskCode } from "./platform/disk.ts";
import { exitAtOnce } from "./platform/kernel/process.ts";
import { machineDigest } from "./platform/machine.ts";
import { ownerOf } from "./platform/operator-file.ts";
import { watchOver } from "./platform/process/watch-over.ts";
import { systemRandom } from "./platform/random.ts";
import { takeLock, type StateLock } from "./platform/socket/index.ts";
import { strayFailure } from "./store/failure.ts";
import { ServiceManager } from "./systemd/notify.ts";
import { Reloader } from "./systemd/reload.ts";
import { adoptEd25519, adoptP256 } from "./verifier/signature.ts";

interface Arguments {
  readonly locations: Locations;
  readonly embedded: boolean;
  readonly trace_path: string | null;
}

const HELP = `maestrod: the daemon of Maestro

usage: bun daemon/main.ts [--embedded] [--config FILE] [--state DIR] [--socket PATH] [--trace-actions FILE]

  --embedded     no host configuration: the built-in default, mode local
  --config FILE  host configuration (default: MAESTRO_CONFIG, else /etc/maestro/maestrod.yaml)
  --state DIR    state folder (default: MAESTRO_STATE, else XDG_STATE_HOME/maestro)
  --socket PATH  Unix socket (default: MAESTRO_SOCKET, else in XDG_RUNTIME_DIR or the state folder)
  --trace-actions FILE  append what its state machines do, to be held against specs/ (docs/modelcheck.md)

It logs one JSON line per request to standard output, reads its configuration again on SIGHUP, and ends in order on SIGTERM.
`;

function argumentsOf(argv: readonly string[]): Arguments {
  const text = { type: "string" } as const;
  try {
    const { values } = parseArgs({ args: [...argv], options: { help: { type: "boolean" }, embedded: { type: "boolean" }, state: text, socket: text, config: text, "trace-actions": text }, strict: true });
    if (values.help === true) {
      process.stdout.write(HELP);
      process.exit(0);
    }
    return { embedded: values.embedded === true, trace_path: values["trace-actions"] ?? null, locations: ownLocations({ state_dir: values.state, socket_path: values.socket, host_config_path: values.config }) };
  } catch (error) {
    if (error instanceof TypeError) throw new MaestroError("cli.usage", `maestrod: ${error.message}`, { cause: error });
    throw error;
  }
}

/** The embedded default, or the operator's file; a daemon without either does not guess. */
function hostConfig({ locations, embedded }: Arguments): HostConfig {
  return embedded ? EMBEDDED_CONFIG : readHostConfig(locations.host_config_path);
}

/** State on disk may be wrong, or something threw where nothing may: end, and let the next start read what is durable. */
function guardProcess(log: Log): (reason: unknown) => void {
  const fatal = (reason: unknown) => {
    log.error({ err: reason }, "fatal");
    try {
      exitAtOnce(EXIT.internal);
    } finally {
      process.exit(EXIT.internal);
    }
  };
  process.on("uncaughtException", fatal);
  process.on("unhandledRejection", (reason) => {
    const failure = strayFailure(reason);
    if (failure?.code === "store.no_space") log.warn({ code: failure.code, detail: failure.detail }, "a write failed; its request was told");
    else fatal(reason);
  });
  return fatal;
}

/** A run that ends in order has a trace with an end. */
async function traced(path: string): Promise<void> {
  const { recordActions } = await import("./platform/actions/record.ts");
  const recording = recordActions(path);
  process.on("exit", (code) => {
    if (code === EXIT.admit) recording[Symbol.dispose]();
  });
}

/** Makes the two folders and takes the state folder for this process. Throws `store.folder` and `daemon.another_instance`. */
async function takeFolders(state_dir: string, socket_dir: string): Promise<StateLock> {
  try {
    for (const folder of [state_dir, socket_dir]) await mkdir(folder, { recursive: true, mode: 0o700 });
    return takeLock(join(state_dir, "lock"));
  } catch (error) {
    if (error instanceof MaestroError) throw error;
    throw new MaestroError(diskCode(String(error)) ?? "store.folder", error instanceof Error ? error.message : state_dir, { cause: error });
  }
}

async function main(): Promise<void> {
  adoptEd25519(nativeEd25519);
  adoptP256(nativeP256);
  const args = argumentsOf(Bun.argv.slice(2));
  const { state_dir, socket_path } = args.locations;
  const log = pino({ base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ fd: 1, sync: true }));
  // Before there is anything to reload the signal would end the process; what it asked for is done once there is.
  let asked = false;
  let reload = (): void => void (asked = true);
  process.on("SIGHUP", () => reload());
  const live = new LiveHost(hostConfig(args));
  const lock = await takeFolders(state_dir, dirname(socket_path));
  requirePlace(state_dir, machineDigest());
  if (args.trace_path !== null) await traced(args.trace_path);
  const fatal = guardProcess(log);
  const { cgroups, uncapped_because } = watchOver({ state_dir, warn: (what) => log.warn(what) });
  if (uncapped_because !== null) log.info({ because: uncapped_because }, "no control group: the memory of check processes is watched, not capped by the kernel");
  const core = await composeCore({ state_dir, host: live.host, clock: systemClock, machine: machineDigest(), random: systemRandom, ...(args.embedded ? {} : { config_owner: () => ownerOf(args.locations.host_config_path) }), cgroups, fatal, say: (what) => log.info(what), warn: (what, error) => log.warn({ err: error }, what) });
  const unsettled = settlePlace(state_dir);
  if (unsettled !== null) log.warn({ code: unsettled.code, detail: unsettled.detail }, "an older copy written back over this folder would not be noticed until the next start");
  const { address, watchdog_ms } = notifySettings();
  const manager = new ServiceManager(address, (error) => log.warn({ err: error }, "the service manager cannot be told"));
  const lines: Log = { info: log.info.bind(log), warn: log.warn.bind(log), error: log.error.bind(log) };
  const reloader = new Reloader({ live, manager, log: lines, believe: async (next) => (await core.tenants.believe(next), core.routed.reload(next.routers)), now_s: () => Math.floor(systemClock.now_ms() / 1000), read: args.embedded ? null : async () => hostConfig(args) });
  const daemon = new Daemon({ core, live, log: lines, manager, reloader, watchdog_ms, release: () => lock.release() });
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => daemon.stop(signal));
  await daemon.serve(socket_path);
  reload = () => void reloader.reload();
  if (asked) reload();
}

// No await at the top level: Bun keeps bytecode only for a program without one.
main().catch((error: unknown) => {
  const known = error instanceof MaestroError;
  process.stderr.write(known ? `maestrod: ${error.row.sentence} ${error.detail} (${error.code})\n` : `maestrod: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(known ? error.row.exit : EXIT.internal);
});
