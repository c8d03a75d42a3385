/** Remotes that lie, leak, stall or lead elsewhere: each has its own error, none hangs, and nothing of theirs moves in. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createServer, type Socket } from "node:net";
import { gitHttp, ownCertificate } from "../testing/remotes.ts";
import { skipWithout } from "../testing/skip.ts";
import type { Egress } from "./index.ts";
import type { RemoteEntry } from "../config/operator-table.ts";
import { failureOf, FREE, MAIN, Rig } from "./testing/rig.ts";

setDefaultTimeout(120_000);
let rig: Rig;
beforeAll(async () => {
  rig = await Rig.create();
});
afterAll(() => rig[Symbol.asyncDispose]());

const tipOf = ({ egress, entry }: { egress: Egress; entry: RemoteEntry }) => failureOf(egress.tip(entry, MAIN));
/** How fetching `tip` fails, with a receiver that fails the test when it is called. */
const fetchOf = ({ egress, entry }: { egress: Egress; entry: RemoteEntry }, tip: string) =>
  failureOf(egress.history(entry, MAIN, tip, { head: tip, have: [], object_format: "sha1", receive: () => Promise.reject(new Error("something was handed over")), ...FREE }));

describe("addresses", () => {
  test("attack: the server redirects to another host, or to an address inside", async () => {
    await rig.remote("elsewhere");
    await using inside = gitHttp(rig.served);
    for (const [to, status] of [[`${inside.url}/elsewhere.git`, 301], ["http://169.254.169.254/latest", 307]] as const) {
      await using outside = gitHttp(rig.served, { before: (request) => Response.redirect(`${to}${new URL(request.url).pathname.replace("/elsewhere.git", "")}${new URL(request.url).search}`, status) });
      expect(await tipOf(rig.egress({ remote: `${outside.url}/elsewhere.git` }))).toMatchObject({ code: "egress.denied" });
    }
    expect(inside.requests).toEqual([]);
  });

  test("attack: the core, taken over, asks for a repository or branch that is not in the table", async () => {
    const { bare } = await rig.remote("table");
    const { egress, entry } = rig.egress({ remote: `file://${bare}` });
    expect(await failureOf(egress.tip({ ...entry, id: "acme/other" }, MAIN))).toMatchObject({ code: "request.not_found" });
    expect(await failureOf(egress.tip(entry, "refs/heads/secret"))).toMatchObject({ code: "request.not_found", detail: expect.stringContaining("target_refs") });
    expect(await failureOf(egress.tip(entry, "refs/heads/release/none"))).toMatchObject({ code: "request.not_found", detail: expect.stringContaining("has no branch") });
  });

  test("a sealed node has no helper: asking is an error, and nothing is started", async () => {
    const { bare } = await rig.remote("sealed");
    const sealed = rig.egress({ remote: `file://${bare}` }, {}, { modes: ["sealed"] });
    expect(await tipOf(sealed)).toMatchObject({ code: "egress.sealed" });
    expect(await fetchOf(sealed, "a".repeat(40))).toMatchObject({ code: "egress.sealed" });
  });

  test("nobody listens, and a name that does not exist", async () => {
    for (const remote of ["git://127.0.0.1:1/x.git", "https://nowhere.invalid/x.git"]) expect((await tipOf(rig.egress({ remote }))).code).toBe("egress.failed");
  });
});

describe("credentials", () => {
  const guarded = (request: Request): Response | null => (request.headers.get("authorization") === `Basic ${btoa("bot:s3cret")}` ? null : new Response("no", { status: 401, headers: { "www-authenticate": "Basic" } }));
  const folder = (): string => rig.scratch.root;
  const certificate = () => ownCertificate(folder());
  const absent = skipWithout(Bun.which("openssl") !== null, "openssl is not installed, so no https remote was tried");

  test("a server that asks for a password: denied at once, nobody is prompted", async () => {
    await rig.remote("locked");
    await using server = gitHttp(rig.served, { before: guarded });
    expect(await tipOf(rig.egress({ remote: `${server.url}/locked.git` }))).toMatchObject({ code: "egress.denied" });
  });

  test.skipIf(absent)("https: the operator's own certificate authority and password file are used, the file is not touched, and its words go nowhere", async () => {
    const own = certificate()!;
    const { work } = await rig.remote("private");
    await using server = gitHttp(rig.served, { before: guarded, tls: own });
    const remote = `${server.url}/private.git`;
    const file = join(folder(), "credentials");
    const lines = `${server.url.replace("https://", "https://bot:s3cret@")}\n`;
    writeFileSync(file, lines, { mode: 0o600 });
    expect(await rig.egress({ remote, ca_file: own.path, credential_file: file }).egress.tip({ id: "acme/app", remote, target_refs: [MAIN] }, MAIN)).toBe(work.git("rev-parse", "main"));
    expect(await tipOf(rig.egress({ remote, credential_file: file }))).toMatchObject({ code: "egress.denied", detail: expect.stringMatching(/certificate/i) });
    writeFileSync(file, lines.replace("s3cret", "wr0ng"));
    const refused = await tipOf(rig.egress({ remote, ca_file: own.path, credential_file: file }));
    expect(refused.code).toBe("egress.denied");
    expect(refused.detail).not.toContain("wr0ng");
    expect(readFileSync(file, "utf8")).toContain("wr0ng");
    expect(readdirSync(join(rig.state_dir, "egress")).filter((name) => name.startsWith("talk-"))).toEqual([]);
  });

  test("a credential that other users can read is not used", async () => {
    const file = join(folder(), "open");
    writeFileSync(file, "x", { mode: 0o644 });
    expect(await tipOf(rig.egress({ remote: "https://127.0.0.1:1/x", credential_file: file }))).toMatchObject({ code: "egress.denied", detail: expect.stringContaining("chmod 600") });
  });

  test("attack: the user's own git configuration sends the remote elsewhere", async () => {
    const { bare, work } = await rig.remote("configured");
    const other = await rig.remote("configured-other", { "x.txt": "another\n" });
    const config = `[url "file://${other.bare}"]\n  insteadOf = "file://${bare}"\n`;
    // A repository around the state folder, and a home folder.
    const { egress, entry } = rig.egress({ remote: `file://${bare}` });
    work.git("init", "-q", "--template=", rig.state_dir);
    writeFileSync(join(rig.state_dir, ".git/config"), `[core]\n  repositoryformatversion = 0\n${config}`);
    writeFileSync(join(rig.state_dir, ".gitconfig"), config);
    expect(await egress.tip(entry, MAIN)).toBe(work.git("rev-parse", "main"));
  });
});

describe("what a server sends", () => {
  test("attack: only the dumb protocol is offered", async () => {
    const { bare, work } = await rig.remote("dumb");
    work.git("--git-dir", bare, "update-server-info");
    await using server = gitHttp(rig.served, { before: (request) => {
      const path = join(rig.served, new URL(request.url).pathname);
      return existsSync(path) ? new Response(readFileSync(path)) : new Response("no", { status: 404 });
    } });
    const dumb = rig.egress({ remote: `${server.url}/dumb.git` });
    expect(await tipOf(dumb)).toMatchObject({ code: "egress.refused", detail: expect.stringContaining("dumb") });
    expect(await fetchOf(dumb, work.git("rev-parse", "main"))).toMatchObject({ code: "egress.refused" });
  });

  test("attack: objects that lead out of the tree or into git's own folder", async () => {
    for (const name of ["..", ".GIT"]) {
      const { bare, work } = await rig.remote(`tree-${name.replaceAll(/\W/g, "_")}`);
      const inner = work.tree(["100644", "x", work.object("blob", "x")]);
      const head = work.commitTree(work.tree(["40000", name, inner]));
      work.git("push", "-q", "--force", bare, `${head}:main`);
      const hostile = rig.egress({ remote: `file://${bare}` });
      expect(await tipOf(hostile)).toMatchObject({ code: "none" });
      expect(await fetchOf(hostile, head)).toMatchObject({ code: "egress.refused" });
    }
  });

  test("attack: a shallow server, whose history would end where it says", async () => {
    const { bare, work, push } = await rig.remote("shallow-source");
    await work.commit({ "a.txt": "two\n" });
    push();
    work.git("clone", "-q", "--bare", "--depth=1", `file://${bare}`, join(rig.served, "shallow.git"));
    const shallow = rig.egress({ remote: `file://${join(rig.served, "shallow.git")}` });
    expect(await fetchOf(shallow, work.git("rev-parse", "main"))).toMatchObject({ code: "egress.refused" });
    const mirrors = readdirSync(join(rig.state_dir, "egress/mirrors"), { recursive: true }).map(String);
    expect(mirrors.filter((name) => name.endsWith("/shallow"))).toEqual([]);
  });

  test("a hundred thousand branches beside the one that was asked for, one of which ends in its name", async () => {
    const { bare, work } = await rig.remote("many");
    const oid = work.git("rev-parse", "main");
    const other = work.commitTree(work.treeOf("main"));
    work.git("push", "-q", bare, `${other}:refs/heads/b/0`);
    writeFileSync(join(bare, "packed-refs"), `# pack-refs with: peeled fully-peeled sorted \n${other} refs/heads/a/refs/heads/main\n${Array.from({ length: 100_000 }, (_, i) => `${oid} refs/heads/b/${String(i).padStart(6, "0")}\n`).join("")}${oid} refs/heads/main\n`);
    const { egress, entry } = rig.egress({ remote: `file://${bare}` });
    expect(await egress.tip(entry, MAIN)).toBe(oid);
  });

  test("attack: a branch without end of advertised names", async () => {
    const line = (name: string): string => pkt(`${"a".repeat(40)} ${name}\n`);
    let serial = 0;
    await using server = rawServer((socket) => {
      const pour = (): void => void (socket.writable && socket.write(Array.from({ length: 2_000 }, () => line(`refs/heads/${serial++}`)).join(""), pour));
      socket.write(line("HEAD\0agent=git/2.39"), pour);
    });
    expect(await tipOf(rig.egress({ remote: `git://127.0.0.1:${server.port}/x` }, { advertised_bytes_max: 1024 * 1024, tip_deadline_ms: 8_000 }))).toMatchObject({ code: "egress.refused", detail: expect.stringContaining("limit") });
  });

  test("attack: a pack larger than the limit", async () => {
    const { bare, work, push } = await rig.remote("large");
    const head = await work.commit({ "noise.bin": Buffer.from(crypto.getRandomValues(new Uint8Array(65_000))).toString("base64").repeat(1), ...Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`n${i}`, Buffer.from(crypto.getRandomValues(new Uint8Array(60_000))).toString("latin1")])) });
    push();
    expect(await fetchOf(rig.egress({ remote: `file://${bare}` }, { fetch_bytes_max: 500_000 }), head)).toMatchObject({ code: "egress.refused" });
    expect(await fetchOf(rig.egress({ remote: `file://${bare}` }), head).then(({ code }) => code, (error: Error) => error.message)).toBe("something was handed over");
  });

  test("attack: a server that drips, or says nothing at all, and the helper's git is gone afterwards", async () => {
    for (const drip of [true, false]) {
      await using server = rawServer((socket) => {
        const timer = setInterval(() => void (drip && socket.writable && socket.write("1")), 50);
        socket.on("close", () => clearInterval(timer));
      });
      const started_ms = performance.now();
      expect(await tipOf(rig.egress({ remote: `git://127.0.0.1:${server.port}/x` }, { tip_deadline_ms: 700 }))).toMatchObject({ code: drip ? expect.stringMatching(/^egress\.(?:timeout|refused|failed)$/) : "egress.timeout" });
      // Of a deadline of its own, not of what a busy machine needs to start a process: without it git would wait for its peer.
      expect(performance.now() - started_ms).toBeLessThan(10_000);
      for (let i = 0; i < 6_000 && server.sockets.size > 0; i++) await Bun.sleep(10);
      expect(server.sockets.size).toBe(0);
    }
  });

  test("attack: a crowd asks for a remote that says nothing, and leaves: nobody waits for the deadline of another's fetch", async () => {
    await using server = rawServer(() => undefined);
    const { egress, entry } = rig.egress({ remote: `git://127.0.0.1:${server.port}/x` }, { fetch_deadline_ms: 60_000 });
    const fetch = (signal: AbortSignal) => egress.history(entry, MAIN, "1".repeat(40), { head: "2".repeat(40), have: [], object_format: "sha1", receive: () => Promise.resolve(), ...FREE }, signal).catch((error: unknown) => error);
    const [first, second] = [new AbortController(), new AbortController()];
    const [fetching, waiting] = [fetch(first.signal), fetch(second.signal)];
    for (let i = 0; i < 6_000 && server.sockets.size === 0; i++) await Bun.sleep(10);
    second.abort();
    expect(await waiting).toMatchObject({ code: "request.cancelled" });
    expect(server.sockets.size).toBe(1);
    first.abort();
    expect(await fetching).toMatchObject({ code: "request.cancelled" });
    for (let i = 0; i < 6_000 && server.sockets.size > 0; i++) await Bun.sleep(10);
    expect(server.sockets.size).toBe(0);
  });

  test("the daemon is killed while its helper waits for a remote: helper and git let go of the connection", async () => {
    // Over http the connection is held by a child of git's, which no death of its parents reaches.
    await using server = rawServer(() => undefined);
    const doomed = Bun.spawn({ cmd: [process.execPath, join(import.meta.dir, "testing/doomed.ts"), `http://127.0.0.1:${server.port}/x`, join(rig.scratch.root, "doomed")], stdout: "ignore", stderr: "ignore" });
    for (let i = 0; i < 6_000 && server.sockets.size === 0; i++) await Bun.sleep(10);
    expect(server.sockets.size).toBe(1);
    doomed.kill("SIGKILL");
    await doomed.exited;
    for (let i = 0; i < 6_000 && server.sockets.size > 0; i++) await Bun.sleep(10);
    expect(server.sockets.size).toBe(0);
  });

  test("attack: the answer names another object format, or is no object id", async () => {
    for (const oid of ["b".repeat(64), "nonsense"]) {
      await using server = rawServer((socket) => void socket.end(`${pkt(`${oid} ${MAIN}\0\n`)}0000`));
      const { code } = await tipOf(rig.egress({ remote: `git://127.0.0.1:${server.port}/x` }));
      expect(code).toMatch(/^egress\./);
    }
  });
});

/** A pkt-line (gitprotocol-common). */
const pkt = (text: string): string => (text.length + 4).toString(16).padStart(4, "0") + text;

interface RawServer extends AsyncDisposable {
  readonly port: number;
  readonly sockets: Set<Socket>;
}

function rawServer(connected: (socket: Socket) => void): RawServer {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    // A client that is killed resets its connection.
    socket.on("error", () => socket.destroy());
    socket.on("data", () => undefined);
    connected(socket);
  });
  server.listen(0, "127.0.0.1");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    port,
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      await closed.promise;
    },
  };
}
