/** The daemon's routes that a page may ask, handed through as they are: reading alone, and nothing that is not named here. */
import { MaestroError } from "../../../proto/errors.ts";
import { ROUTES, type RouteName } from "../../../proto/routes.ts";
import type { SocketClient } from "../../client/socket.ts";

const HANDED = ["version", "status", "trust", "rules", "cards", "recordedGate", "findings", "changeContext", "gateBundle", "evidenceBundle", "lineage", "report"] as const satisfies readonly RouteName[];
type Handed = (typeof HANDED)[number];

/** The segments' values where the path is one of the route; a segment that is none of a path's own is never one. */
function paramsIn(template: string, path: string): Readonly<Record<string, string>> | null {
  const [wanted, given] = [template.split("/"), path.split("/")];
  if (wanted.length !== given.length) return null;
  const params: Record<string, string> = {};
  for (const [at, part] of wanted.entries()) {
    const segment = given[at] ?? "";
    if (part.startsWith(":")) params[part.slice(1)] = decoded(segment);
    else if (part !== segment) return null;
  }
  return params;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    throw new MaestroError("request.malformed", "the path is not valid percent-encoding", { cause });
  }
}

/** The daemon's reply to a path such as `/v1/gates/ID`. Throws `request.not_found`, and what the daemon answers. */
export function handedThrough(client: SocketClient, path: string): Promise<string> {
  for (const name of HANDED) {
    const params = paramsIn(ROUTES[name].path, path);
    if (params !== null) return ask(client, name, params);
  }
  throw new MaestroError("request.not_found", `pages may not ask the daemon for ${path.slice(0, 200)}`);
}

const ask = (client: SocketClient, name: Handed, params: Readonly<Record<string, string>>): Promise<string> => client.handed(name, { params } as Parameters<typeof client.handed<Handed>>[1]);
