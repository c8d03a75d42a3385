import { Value } from "@sinclair/typebox/value";
import type { StatusReply, VersionReply } from "../../../proto/api.ts";
import { ServerLimits } from "../../../proto/config.ts";
import { systemClock } from "../../platform/clock.ts";
import { systemRandom } from "../../platform/random.ts";
import type { SocketServer } from "../../platform/socket/index.ts";
import { scratch, type Scratch } from "../../platform/socket/testing/raw.ts";
import { baseRoutes, type Log, type Route, serveApi, withOpenApi } from "../index.ts";
import type { LogFiles } from "../log-files.ts";
import type { RouteGuard } from "../route-guard.ts";

export const VERSION: VersionReply = { version: "0.0.0", api: "1", bun: Bun.version, git: "2.39.5" };

export const STATUS: StatusReply = {
  daemon: { version: "0.0.0", pid: process.pid, uptime_s: 1, state: "ready", degraded: [] },
  mode: ["local"],
  trust: { domain: "example", self_made: true, log_origin: "example/log" },
  log: { size: 0, root: "0".repeat(64) },
  gates: { running: 0, waiting: 0, total: 0 },
  workers: { ready: 0, busy: 0, waiting: 0, starts: "closed", suspended_tenants: 0, deaths: 0, memory_cap: "watched" },
  memory_bytes: 1,
  reload: null,
  integrity: { state: "clean", passes: 0, scrubbed_bytes: 0, last_pass: null, damage_total: 0, first: null },
  state_dir: "/state",
  trust_path: "/state/trust.json",
  clock: { wall: "2026-01-01T00:00:00Z", log_time: "2026-01-01T00:00:00Z", frozen: null },
};

export interface LogLine {
  readonly level: keyof Log;
  readonly fields: Record<string, unknown>;
}

/** Keeps what is logged. */
export class LogBook implements Log {
  readonly lines: LogLine[] = [];
  readonly info = (fields: object): void => this.keep("info", fields);
  readonly warn = (fields: object): void => this.keep("warn", fields);
  readonly error = (fields: object): void => this.keep("error", fields);

  private keep(level: keyof Log, fields: object): void {
    this.lines.push({ level, fields: { ...fields } });
  }
}

export interface ServedApi {
  readonly server: SocketServer;
  readonly path: string;
  readonly book: LogBook;
  readonly dir: Scratch;
  readonly stops: { count: number };
  fetch(target: string, init?: RequestInit): Promise<Response>;
  end(): Promise<void>;
}

export interface ServeSettings {
  readonly routes?: readonly Route[];
  readonly limits?: Partial<ServerLimits>;
  readonly ready?: () => void;
  readonly mode?: number;
  readonly guard?: RouteGuard;
  readonly log_files?: LogFiles;
}

/** The base routes and the given ones, on a real socket. */
export async function serve({ routes = [], limits = {}, ready = () => undefined, mode = 0o600, guard, log_files }: ServeSettings = {}): Promise<ServedApi> {
  const dir = scratch();
  const path = dir.path("s");
  const book = new LogBook();
  const stops = { count: 0 };
  const stop = (): void => void (stops.count += 1);
  const base = baseRoutes({ version: VERSION, pid: process.pid, trust: () => new Uint8Array(), status: () => STATUS, ready, metrics: () => "maestro_up 1\n", stop });
  const server = await serveApi({
    listen: { path, mode },
    limits: { ...Value.Create(ServerLimits), ...limits },
    routes: withOpenApi([...base, ...routes], "0.0.0"),
    log: book,
    clock: systemClock,
    random: systemRandom,
    own_uid: process.getuid?.() ?? -1,
    guard,
    ...(log_files === undefined ? {} : { log_files }),
  });
  return {
    server,
    path,
    book,
    dir,
    stops,
    fetch: (target, init = {}) => fetch(`http://d${target}`, { ...init, unix: path }),
    async end() {
      await server.stop(0);
      dir.remove();
    },
  };
}
