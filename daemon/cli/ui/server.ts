/** The pages over the loopback: one address, one origin, and nothing answered that was not asked by a page of ours with a session. */
import { MaestroError } from "../../../proto/errors.ts";
import { UI_PATHS, ApproveAsk, InvariantWrite, OfferAsk, SessionAsk, type SessionAbout } from "../../../proto/ui.ts";
import type { SocketClient } from "../../client/socket.ts";
import { note } from "../output.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import type { PageName } from "../page-file.ts";
import type { Approvals } from "./approving.ts";
import { bodyOf, checkOrigin, pathOf } from "./asked.ts";
import type { InvariantsFolder } from "./folder.ts";
import { handedThrough } from "./handing.ts";
import { UI_LIMITS } from "./limits.ts";
import { elsewhere, failure, json, lines, nothing, page } from "./replies.ts";
import type { Session, Sessions } from "./session.ts";

const LOOPBACK = "127.0.0.1";

/** What a page may ask for, put together by the command. */
export interface Behind {
  readonly sessions: Sessions;
  readonly pages: (name: PageName) => Promise<Uint8Array<ArrayBuffer>>;
  readonly about: () => SessionAbout;
  readonly daemon: SocketClient;
  readonly approvals: Approvals;
  readonly folder: InvariantsFolder;
  readonly body_ms_max: number;
}

export interface Serving {
  /** `127.0.0.1:PORT`. */
  readonly authority: string;
  stop(): Promise<void>;
}

const PAGES: Readonly<Record<string, PageName>> = { "/cards": "cards", "/studio": "studio", "/verifier": "verifier" };

/** Which question a request is; the method is part of it. */
type Question = (request: Request, session: Session, behind: Behind) => Promise<Response>;

const QUESTIONS: Readonly<Record<string, Question>> = {
  [`GET ${UI_PATHS.session}`]: async (_request, _session, { about }) => json(JSON.stringify(about())),
  [`POST ${UI_PATHS.offer}`]: async (request, session, { approvals, body_ms_max }) => json(JSON.stringify(await approvals.offer(session, await bodyOf(request, OfferAsk, UI_LIMITS.body_bytes_max, body_ms_max)))),
  [`POST ${UI_PATHS.approve}`]: async (request, session, { approvals, body_ms_max }) => {
    const ask = await bodyOf(request, ApproveAsk, UI_LIMITS.body_bytes_max, body_ms_max);
    return lines(async (send) => approvals.approve(session, ask, send));
  },
  [`GET ${UI_PATHS.invariants}`]: async (_request, _session, { folder }) => json(JSON.stringify(folder.list())),
};

/** A file's name is the last segment; what it may be is the folder's to say. */
async function ofFolder(request: Request, segment: string, { folder, body_ms_max }: Behind): Promise<Response> {
  let name: string;
  try {
    name = decodeURIComponent(segment);
  } catch (cause) {
    throw new MaestroError("request.malformed", "the name is not valid percent-encoding", { cause });
  }
  if (request.method === "GET") return json(JSON.stringify(folder.file(name)));
  if (request.method === "PUT") return json(JSON.stringify(folder.write(name, await bodyOf(request, InvariantWrite, UI_LIMITS.body_bytes_max, body_ms_max))));
  throw new MaestroError("request.method", `${request.method} of a file of invariants`);
}

async function withSession(request: Request, path: string, session: Session, behind: Behind): Promise<Response> {
  const question = QUESTIONS[`${request.method} ${path}`];
  if (question !== undefined) return question(request, session, behind);
  const file = path.startsWith(`${UI_PATHS.invariants}/`) ? path.slice(UI_PATHS.invariants.length + 1) : null;
  if (file !== null) return ofFolder(request, file, behind);
  if (!path.startsWith(`${UI_PATHS.daemon}/v1/`)) throw new MaestroError("request.not_found", `there is nothing at ${path.slice(0, 200)}`);
  if (request.method !== "GET") throw new MaestroError("request.method", "pages only read from the daemon");
  return json(await handedThrough(behind.daemon, path.slice(UI_PATHS.daemon.length)));
}

async function answered(request: Request, authority: string, behind: Behind, patient: () => void): Promise<Response> {
  const path = pathOf(request, authority);
  const name = Object.hasOwn(PAGES, path) ? PAGES[path] : undefined;
  const opened = request.method === "GET" && (name !== undefined || path === "/");
  checkOrigin(request, authority, opened);
  if (opened) return name === undefined ? elsewhere("/cards") : page(await behind.pages(name));
  // Browsers ask for it by themselves.
  if (path === "/favicon.ico") return nothing();
  if (request.method === "POST" && path === UI_PATHS.session) {
    const { token } = await bodyOf(request, SessionAsk, UI_LIMITS.session_body_bytes_max, behind.body_ms_max);
    return json(JSON.stringify({ key: behind.sessions.exchange(token), about: behind.about() }));
  }
  const session = behind.sessions.of(request.headers.get("authorization"));
  // A key may be looked for for minutes, and a daemon may gather evidence for long.
  patient();
  return withSession(request, path, session, behind);
}

/** Serves until stopped. Throws `socket.occupied` where the port is taken. */
export function serve(port: number, behind: Behind): Serving {
  let open = 0;
  const handle = async (request: Request, server: Bun.Server<undefined>): Promise<Response> => {
    if (open >= UI_LIMITS.requests_max) return failure(new MaestroError("request.busy", `${UI_LIMITS.requests_max} requests are being answered`));
    open++;
    try {
      return await answered(request, authority, behind, () => server.timeout(request, 0));
    } catch (error) {
      if (!(error instanceof MaestroError)) note(`maestro: internal error: ${error instanceof Error ? escapeTerminal(error.stack ?? error.message) : "unknown"}`);
      return failure(error);
    } finally {
      open--;
    }
  };
  const server = started(port, handle);
  const authority = `${LOOPBACK}:${server.port}`;
  return { authority, stop: () => server.stop(true) };
}

function started(port: number, fetch: (request: Request, server: Bun.Server<undefined>) => Promise<Response>): Bun.Server<undefined> {
  try {
    return Bun.serve({ hostname: LOOPBACK, port, reusePort: false, development: false, idleTimeout: UI_LIMITS.idle_s, maxRequestBodySize: 2 * UI_LIMITS.body_bytes_max, fetch, error: failure });
  } catch (cause) {
    throw new MaestroError("socket.occupied", `port ${port} of ${LOOPBACK} cannot be used; name another with --port, or none`, { cause });
  }
}
