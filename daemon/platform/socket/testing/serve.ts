import { Value } from "@sinclair/typebox/value";
import { ServerLimits } from "../../../../proto/config.ts";
import { type Handler, type ServerEvent, SocketServer } from "../server.ts";
import { scratch, type Scratch } from "./raw.ts";

export interface Served {
  readonly server: SocketServer;
  readonly path: string;
  readonly events: ServerEvent[];
  readonly dir: Scratch;
  end(): Promise<void>;
}

/** A real server on a fresh socket; limits are the defaults with `limits` on top. */
export async function serve(handler: Handler, limits: Partial<ServerLimits> = {}): Promise<Served> {
  const dir = scratch();
  const path = dir.path("s");
  const events: ServerEvent[] = [];
  let requests = 0;
  const server = await SocketServer.start({
    listen: { path },
    limits: { ...Value.Create(ServerLimits), ...limits },
    handler,
    requestId: () => `r${(requests += 1)}`,
    report: (event) => events.push(event),
  });
  return {
    server,
    path,
    events,
    dir,
    async end() {
      await server.stop(0);
      dir.remove();
    },
  };
}
