/** The routes every daemon has, whatever it gates. */
import { Type } from "@sinclair/typebox";
import { HealthReply, StatusReply, StopReply, TrustReply, VersionReply } from "../../proto/api.ts";
import { toBase64 } from "../../proto/encoding.ts";
import { openApiDocument } from "./openapi.ts";
import { statusFor } from "./reader.ts";
import { route, type Route } from "./route.ts";

export interface BaseDeps {
  readonly version: VersionReply;
  readonly pid: number;
  /** Bytes of the trust file it signs under. */
  readonly trust: () => Uint8Array;
  readonly status: () => StatusReply | Promise<StatusReply>;
  /** Throws what keeps the daemon from doing its work. */
  readonly ready: () => void | Promise<void>;
  /** The metrics as Prometheus reads them. */
  readonly metrics: () => string;
  /** Begins a graceful stop and returns at once, so that the reply still leaves. */
  readonly stop: () => void;
}

const NONE = { params: {}, request: null, body_bytes_max: 0 } as const;
const OPEN = { ...NONE, access: "open" } as const;
const ANY = { ...NONE, access: "any" } as const;
const OK: HealthReply = { status: "ok" };

export function baseRoutes(deps: BaseDeps): Route[] {
  return [
    route("health", { ...OPEN, summary: "The process answers", reply: HealthReply, handle: () => OK }),
    route("ready", {
      ...OPEN,
      summary: "The daemon can do its work",
      reply: HealthReply,
      async handle() {
        await deps.ready();
        return OK;
      },
    }),
    route("version", { ...OPEN, summary: "Versions of the daemon and what it runs on", reply: VersionReply, handle: () => deps.version }),
    route("trust", { ...OPEN, summary: "The trust file that bundles of this daemon verify under; whether to believe it is for you to say", reply: TrustReply, handle: () => ({ trust: toBase64(deps.trust()) }) }),
    route("status", { ...ANY, summary: "What the daemon is, holds and does", reply: StatusReply, handle: async ({ principal }) => statusFor(principal, await deps.status()) }),
    route("metrics", { ...NONE, access: "operator", summary: "What the daemon counts of itself, for Prometheus", reply: Type.String(), handle: () => deps.metrics() }),
    route("stop", {
      ...NONE,
      access: "operator",
      summary: "Finish what is running, then end",
      reply: StopReply,
      handle() {
        deps.stop();
        return { stopping: true, pid: deps.pid };
      },
    }),
  ];
}

/** Describes the given routes and itself. */
export function withOpenApi(routes: readonly Route[], version: string): Route[] {
  const all: Route[] = [...routes];
  let document: Readonly<Record<string, unknown>> | null = null;
  all.push(
    route("openapi", {
      ...OPEN,
      summary: "This document",
      reply: Type.Record(Type.String(), Type.Unknown()),
      handle: () => (document ??= openApiDocument(all, version)),
    }),
  );
  return all;
}
