/** The helper over ssh, and the helper as a unit of its own behind a socket. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { asNobody, Behind, listens } from "../platform/sandbox/testing/behind.ts";
import { skipWithout } from "../testing/skip.ts";
import { createEgress } from "./index.ts";
import { failureOf, FREE, HOST_REPO, MAIN, Rig, tableOf } from "./testing/rig.ts";

setDefaultTimeout(120_000);
let rig: Rig;
beforeAll(async () => {
  rig = await Rig.create();
});
afterAll(() => rig[Symbol.asyncDispose]());

/** Stands where ssh would: notes what it was told and starts the remote's command here. */
const SSH = `#!/bin/sh
env > "$0.env"; printf '%s\\n' "$@" > "$0.args"
for last; do :; done
exec sh -c "$last"
`;

test("ssh: git speaks over it, it reads no configuration, asks nobody, and knows one key", async () => {
  const { bare, work } = await rig.remote("over-ssh");
  const folder = join(rig.scratch.root, "tools");
  mkdirSync(folder);
  writeFileSync(join(folder, "ssh"), SSH);
  chmodSync(join(folder, "ssh"), 0o755);
  for (const name of ["key", "hosts"]) writeFileSync(join(folder, name), "x", { mode: 0o600 });
  const entry = { id: HOST_REPO, remote: `ssh://git@git.example.org${bare}`, target_refs: [MAIN], credential_file: join(folder, "key"), known_hosts_file: join(folder, "hosts") };
  const egress = createEgress({ host: tableOf(entry), state_dir: rig.state_dir, git_folder: folder, clock: rig.clock });
  expect(await egress.tip(entry, MAIN)).toBe(work.git("rev-parse", "main"));
  const args = readFileSync(join(folder, "ssh.args"), "utf8").split("\n");
  for (const option of ["/dev/null", "BatchMode=yes", "StrictHostKeyChecking=yes", `UserKnownHostsFile=${join(folder, "hosts")}`, `IdentityFile=${join(folder, "key")}`, "IdentityAgent=none", "ProxyCommand=none", "git@git.example.org"]) expect(args).toContain(option);
  const env = readFileSync(join(folder, "ssh.env"), "utf8");
  expect(env).not.toMatch(/SSH_AUTH_SOCK|GIT_DIR|MAESTRO_(?!MARK)/);
  expect(env).toContain("HOME=/nonexistent");
  await egress.close();
});

const absent = skipWithout(Bun.which("systemd-socket-activate") !== null, "systemd-socket-activate is not installed, so the helper was not tried behind a socket");

test.skipIf(absent)("behind a socket that starts a helper for each connection: the same answers, and none where nobody listens", async () => {
  const { bare, work, push } = await rig.remote("unit");
  const behind = work.git("rev-parse", "HEAD");
  const tip = await work.commit({ "noise.txt": Buffer.from(crypto.getRandomValues(new Uint8Array(60_000))).toString("hex").repeat(8) });
  push();
  const row = { id: HOST_REPO, remote: `file://${bare}`, target_refs: [MAIN] };
  const socket = join(rig.scratch.root, "e.sock");
  const config = join(rig.scratch.root, "unit.yaml");
  writeFileSync(config, JSON.stringify({ version: 1, trust_domain: "ci.example.org", modes: ["host"], trust_file: "/nonexistent", repositories: [row, { ...row, id: "acme/loaded", remote: "https://127.0.0.1:1/x", credential_file: "credential:token" }, { ...row, id: "acme/not-loaded", remote: "https://127.0.0.1:1/x", credential_file: "credential:none" }] }));
  mkdirSync(join(rig.scratch.root, "credentials"));
  writeFileSync(join(rig.scratch.root, "credentials/token"), "x", { mode: 0o644 });
  const egress = createEgress({ host: { ...tableOf(row), egress_socket: socket }, state_dir: rig.state_dir, git_folder: "/usr/bin", clock: rig.clock });
  expect(await failureOf(egress.tip(row, MAIN))).toMatchObject({ code: "egress.failed", detail: expect.stringContaining("no egress helper answers") });
  const argv = ["systemd-socket-activate", "--accept", "--inetd", `--setenv=CREDENTIALS_DIRECTORY=${join(rig.scratch.root, "credentials")}`, "-l", socket, process.execPath, join(import.meta.dir, "main.ts"), "--config", config, "--state", join(rig.scratch.root, "unit-state")];
  const unit = Bun.spawn({ cmd: argv, env: { PATH: "/usr/local/bin:/usr/bin:/bin" }, detached: true, stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  try {
    for (let i = 0; i < 3_000 && !listens(socket); i++) await Bun.sleep(10);
    expect(await egress.tip(row, MAIN)).toBe(tip);
    const repository = await rig.scratch.store.open("acme/unit", "sha1");
    expect(await egress.history(row, MAIN, tip, { head: tip, have: [], object_format: "sha1", receive: rig.receive(repository), ...FREE })).toBe(tip);
    await using reader = rig.scratch.reader(repository);
    expect(await reader.history.isAncestor(behind, tip)).toMatchObject({ ancestor: true });
    expect(await failureOf(egress.tip(row, "refs/heads/other"))).toMatchObject({ code: "request.not_found" });
    expect(await failureOf(egress.tip({ ...row, id: "acme/loaded" }, MAIN))).toMatchObject({ code: "egress.denied", detail: expect.stringContaining("credentials/token can be read by other users") });
    expect(await failureOf(egress.tip({ ...row, id: "acme/not-loaded" }, MAIN))).toMatchObject({ code: "egress.denied", detail: expect.stringContaining("credentials/none cannot be read") });
  } finally {
    process.kill(-unit.pid, "SIGKILL");
    await unit.exited;
  }
});

const alone = skipWithout(process.getuid?.() === 0 && Bun.which("setpriv") !== null, "the tests do not run as root (or setpriv is missing), so nobody else was there to hold the socket");

test.skipIf(absent || alone)("attack: somebody else holds the helper's socket and would say where a branch stands", async () => {
  chmodSync(rig.scratch.root, 0o777);
  const socket = join(rig.scratch.root, "foreign.sock");
  const row = { id: HOST_REPO, remote: "file:///srv/x.git", target_refs: [MAIN] };
  const egress = createEgress({ host: { ...tableOf(row), egress_socket: socket }, state_dir: rig.state_dir, git_folder: "/usr/bin", clock: rig.clock });
  await using _behind = await Behind.listen(socket, { prefix: asNobody(), argv: ["/bin/cat"] });
  expect(await failureOf(egress.tip(row, MAIN))).toMatchObject({ code: "egress.failed", detail: expect.stringContaining("neither root nor the daemon's own user") });
});
