/** Real git servers for tests: `git daemon`, and git's own smart HTTP backend behind a small CGI bridge. */
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";

const PATH = "/usr/local/bin:/usr/bin:/bin";
const START_DEADLINE_MS = 60_000;
const PORTS_TRIED_MAX = 5;

export interface Server extends AsyncDisposable {
  /** Without a closing slash. */
  readonly url: string;
}

async function freePort(): Promise<number> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<number>();
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    resolve(typeof address === "object" && address !== null ? address.port : 0);
  });
  const port = await promise;
  server.close();
  return port;
}

interface Listening {
  readonly child: Bun.Subprocess;
  readonly port: number;
}

/** `null` where somebody else took the port meanwhile. */
async function listening(root: string, as: readonly string[]): Promise<Listening | null> {
  const port = await freePort();
  const cmd = [...as, "git", "daemon", "--export-all", "--reuseaddr", "--listen=127.0.0.1", `--port=${port}`, `--base-path=${root}`, root];
  const child = Bun.spawn({ cmd, env: { PATH, HOME: "/nonexistent", GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null" }, detached: true, stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  const ends_ms = performance.now() + START_DEADLINE_MS;
  for (;;) {
    const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data: () => undefined } }).catch(() => null);
    socket?.terminate();
    if (child.exitCode !== null) return null;
    if (socket !== null) return { child, port };
    if (performance.now() > ends_ms) throw new Error(`git daemon does not answer on port ${port}`);
    await Bun.sleep(10);
  }
}

/** Every repository under `root` at `git://127.0.0.1:PORT/NAME`; `as` is a command in front, such as `setpriv` with another user. */
export async function gitDaemon(root: string, as: readonly string[] = []): Promise<Server> {
  let started: Listening | null = null;
  for (let tries = 0; tries < PORTS_TRIED_MAX && started === null; tries++) started = await listening(root, as);
  if (started === null) throw new Error(`git daemon ended at each of ${PORTS_TRIED_MAX} ports`);
  const { child, port } = started;
  return {
    url: `git://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      // `git daemon` is a wrapper around the process that listens.
      if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid, "SIGKILL");
      await child.exited;
    },
  };
}

export interface HttpOptions {
  /** Answers instead of git, or lets git answer. */
  readonly before?: (request: Request) => Response | Promise<Response> | null;
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** Every repository under `root` at `http(s)://127.0.0.1:PORT/NAME`. */
export function gitHttp(root: string, { before, tls }: HttpOptions = {}): Server & { readonly requests: string[] } {
  const requests: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    ...(tls === undefined ? {} : { tls: { cert: tls.cert, key: tls.key } }),
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      requests.push(`${request.method} ${pathname}${search}`);
      return (await before?.(request)) ?? backend(root, request, pathname, search.slice(1));
    },
  });
  return { url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${server.port}`, requests, [Symbol.asyncDispose]: () => server.stop(true) };
}

async function backend(root: string, request: Request, path: string, query: string): Promise<Response> {
  const header = (name: string): string => request.headers.get(name) ?? "";
  const env = {
    PATH, HOME: "/nonexistent", GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null", GIT_PROJECT_ROOT: root, GIT_HTTP_EXPORT_ALL: "1",
    PATH_INFO: decodeURIComponent(path), QUERY_STRING: query, REQUEST_METHOD: request.method, CONTENT_TYPE: header("content-type"), HTTP_CONTENT_ENCODING: header("content-encoding"), GIT_PROTOCOL: header("git-protocol"), REMOTE_ADDR: "127.0.0.1",
  };
  const child = Bun.spawn({ cmd: ["git", "http-backend"], env, stdin: Buffer.from(await request.arrayBuffer()), stdout: "pipe", stderr: "ignore" });
  const bytes = Buffer.from(await new Response(child.stdout).arrayBuffer());
  const end = bytes.indexOf("\r\n\r\n");
  const headers = new Headers();
  let status = 200;
  for (const line of bytes.subarray(0, end).toString("latin1").split("\r\n")) {
    const [name = "", value = ""] = line.split(/:\s*/, 2);
    if (name.toLowerCase() === "status") status = Number.parseInt(value, 10);
    else headers.append(name, value);
  }
  return new Response(bytes.subarray(end + 4), { status, headers });
}

/** A certificate for 127.0.0.1 that nobody but its holder vouches for; null where openssl is not installed. */
export function ownCertificate(folder: string): { readonly cert: string; readonly key: string; readonly path: string } | null {
  if (Bun.which("openssl") === null || !existsSync(folder)) return null;
  const cmd = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", `${folder}/key.pem`, "-out", `${folder}/cert.pem`];
  if (Bun.spawnSync({ cmd, stderr: "ignore" }).exitCode !== 0) return null;
  return { cert: readFileSync(`${folder}/cert.pem`, "utf8"), key: readFileSync(`${folder}/key.pem`, "utf8"), path: `${folder}/cert.pem` };
}
