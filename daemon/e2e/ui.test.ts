/** `maestro ui` as a program: its link, its end, a daemon that comes and goes, and what is approved from a page by real users and real keys. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { GateResult } from "../../proto/api.ts";
import type { ReleaseOffer } from "../../proto/release-api.ts";
import type { Source } from "../platform/git/testing/scratch.ts";
import { CiHost } from "./testing/ci-host.ts";
import { ServedUi, Tab } from "./testing/served.ts";
import { CI_USER, PASSPHRASE, skippedWithoutUsers } from "./testing/users.ts";
import { until, World } from "./testing/world.ts";

setDefaultTimeout(60_000);

/** A rule that ships, under an id of one's own. */
const RULE = readFileSync(join(import.meta.dir, "../../invariants/agent-budget.yaml"), "utf8").replace("INV.BUDGET.CAP", "TEAM.BUDGET.CAP");

describe("the program", () => {
  let world: World;
  let repository: Source;
  beforeAll(async () => {
    world = new World();
    repository = await world.repository();
  });
  afterAll(() => world.dispose());

  const started = (args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): ServedUi => ServedUi.start(world.home, args, { cwd: repository.path, env });

  test("serves each page with a policy that lets it ask nobody else; Enter makes another link, Ctrl-C ends it", async () => {
    const earlier = started(["studio"]);
    const { port } = await earlier.link();
    await earlier[Symbol.asyncDispose]();
    await using ui = started(["studio"]);
    const first = await ui.link();
    expect(first.port).toBe(port);
    expect([first.hostname, first.pathname, first.hash.length]).toEqual(["127.0.0.1", "/studio", 44]);
    for (const name of ["cards", "studio", "verifier"]) {
      const page = await fetch(new URL(`/${name}`, first));
      expect([page.status, /Content-Security-Policy" content="([^"]*)"/.exec(await page.text())?.[1]?.includes("; connect-src 'self';")]).toEqual([200, true]);
    }
    ui.enter();
    const tab = await ui.tab();
    const old = await fetch(new URL("/session", first), { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ token: first.hash.slice(1) }) });
    expect([old.status, await old.json()]).toEqual([401, expect.objectContaining({ detail: expect.stringContaining("newer one") })]);
    expect(await tab.json("/session")).toMatchObject({ folder: join(repository.path, "invariants"), folder_there: false, signer: "user" });
    // As often as an impatient person presses it.
    for (let i = 0; i < 3; i++) ui.child.kill("SIGINT");
    expect(await ui.child.exited).toBe(0);
    await expect(fetch(first)).rejects.toThrow();
  });

  test("a daemon that stops is said, what is edited is saved all the same, and it is there again when it is", async () => {
    await using ui = started();
    const tab = await ui.tab();
    expect(await tab.json("/api/v1/status")).toMatchObject({ status: 503, code: "daemon.unreachable" });
    const gated = await world.judged(repository, ["--target", "main"]);
    expect(await tab.json("/api/v1/status")).toMatchObject({ daemon: { state: "ready" }, gates: { total: 1 } });
    expect(await tab.json(`/api/v1/gates/${encodeURIComponent(gated.gate_id)}`)).toMatchObject({ gate_id: gated.gate_id });
    expect(await tab.json("/api/v1/cards/newest")).toMatchObject({ rows: [{ gate_id: gated.gate_id }] });
    await world.run(["stop"]);
    await until(async () => !(await world.client.answers()));
    expect(await tab.json("/api/v1/status")).toMatchObject({ status: 503, code: "daemon.unreachable" });
    expect(await tab.save("budget.yaml", RULE, null)).toMatchObject({ saved: true });
    expect(readFileSync(join(repository.path, "invariants/budget.yaml"), "utf8")).toBe(RULE);
    expect((await world.run(["invariants", "check", join(repository.path, "invariants")])).code).toBe(0);
  });

  test("--open where there is no browser says so and goes on; with one, no argument of a program holds the link", async () => {
    await using none = started(["--open"], { PATH: world.path("no-programs") });
    const link = await none.link();
    await until(() => none.said.includes("no browser could be started"));
    expect((await fetch(link)).status).toBe(200);
    mkdirSync(world.path("bin"));
    writeFileSync(world.path("bin/xdg-open"), `#!/bin/sh\ncat "$1" > ${world.path("opened")}.part; stat -c %a "$1" > ${world.path("mode")}; tr '\\0' ' ' < /proc/$$/cmdline > ${world.path("arguments")}; mv ${world.path("opened")}.part ${world.path("opened")}\n`, { mode: 0o755 });
    await using some = started(["--open"], { PATH: `${world.path("bin")}:/usr/bin:/bin` });
    const token = (await some.link()).hash;
    await until(() => readdirSync(world.home).includes("opened"));
    expect(readFileSync(world.path("opened"), "utf8")).toContain(token);
    expect([readFileSync(world.path("arguments"), "utf8").includes(token.slice(1)), readFileSync(world.path("mode"), "utf8").trim()]).toEqual([false, "600"]);
  });

  test("--out writes the page that asks nobody; a port that is taken, and what is no page, are said", async () => {
    const out = world.path("cards.html");
    expect((await world.run(["ui", "cards", "--out", out])).code).toBe(0);
    expect(readFileSync(out, "utf8")).not.toContain("connect-src");
    writeFileSync(out, "mine");
    expect((await world.run(["ui", "cards", "--out", out])).stderr).toContain("is there already");
    await using ui = started();
    const { port } = await ui.link();
    // A second one beside it has another; one that begins after the first has ended has the first one's, and with it what the browser kept.
    const second = started();
    expect((await second.link()).port).not.toBe(port);
    await second[Symbol.asyncDispose]();
    expect((await world.run(["ui", "--port", port])).stderr).toContain(`port ${port} of 127.0.0.1 cannot be used`);
    expect((await world.run(["ui", "card"])).code).toBe(2);
    expect((await world.run(["ui", "--port", "99999"])).code).toBe(2);
    expect((await world.run(["ui", "--key", "a", "--agent"])).code).toBe(2);
  });
});

const ALICE = 50_104;
const skipped = skippedWithoutUsers();

describe.skipIf(skipped)("approving from a page", () => {
  let host: CiHost;
  beforeAll(async () => {
    host = new CiHost({ alice: ALICE });
    await host.start();
  });
  afterAll(() => host[Symbol.asyncDispose]());

  const offered = async (tab: Tab, gate: string): Promise<ReleaseOffer> => (await tab.json("/api/offer", "POST", { gate, kind: "approve", reason: "read it on the page" })) as ReleaseOffer;

  /** Who may not is told why, before anything is signed: the agent's own user, and an agent that starts it as a person, who has no more of them than on the command line. */
  async function denied(gate_id: string): Promise<void> {
    const shim = host.world.path("claude");
    // It stays above what it starts, and ends it when it is ended.
    writeFileSync(shim, '#!/bin/bash\n"$@" &\ntrap "kill $!" TERM\nwait $!\nwait $!\n', { mode: 0o755 });
    await using ui = new ServedUi(host.users.start(CI_USER, ["ui"]));
    await using started = new ServedUi(host.users.start(ALICE, ["ui"], [shim]));
    expect(await offered(await ui.tab(), gate_id)).toMatchObject({ status: 403, code: "release.denied" });
    expect(await offered(await started.tab(), gate_id)).toMatchObject({ status: 403, detail: expect.stringContaining("claude is among the processes") });
  }

  test("by the user as who it runs, and by nobody else: the offer is what is signed, the evidence verifies and names the person, and each offer is good once", async () => {
    const { gate_id } = await host.held("one");
    await denied(gate_id);
    await using ui = new ServedUi(host.users.start(ALICE, ["ui"]));
    const tab = await ui.tab();
    // She is in no tenant and sees no list of one: what the page shows then says how to release all the same.
    expect(await tab.json("/api/v1/cards/newest")).toMatchObject({ status: 403, code: "auth.denied", detail: expect.stringContaining("release with maestro approve COMMIT --reason TEXT") });
    const offer = await offered(tab, gate_id);
    expect(offer).toMatchObject({ request: { person: "alice", gate_id, reason: "read it on the page", kind: "approve" }, card: { verdict: "hold" } });
    // Asking signs nothing.
    expect((await host.world.client.gateRecord(gate_id)).attempts).toEqual([1]);
    expect(await tab.approve("b".repeat(26))).toMatchObject([{ event: "failure", problem: { code: "release.stale" } }]);
    const events = (await tab.approve(offer.request.nonce)) as (GateResult | { event: string })[];
    expect(events.at(-1)).toMatchObject({ event: "result", verdict: "admit", card: { releases: [{ person: "alice" }] } });
    expect(await host.verified(ALICE)).toMatch(/approved by alice \(ci\.changed\) at .*proved by user, log \d+: read it on the page/);
    expect(ui.said).toContain("asked for from a page");
    expect(await tab.approve(offer.request.nonce)).toMatchObject([{ event: "failure", problem: { code: "release.stale" } }]);
  });

  test("by a key file: a wrong passphrase releases nothing; in a terminal the right one is the key's alone, and Enter works before and after", async () => {
    const { gate_id } = await host.held("two");
    const before = (await host.world.status()).log.size;
    await using wrong = new ServedUi(host.users.start(CI_USER, ["ui", "--key", host.key], [], { SSH_ASKPASS: host.users.asking("wrong", "echo another") }));
    const refused = await wrong.tab();
    expect(await refused.json("/session")).toMatchObject({ signer: "key" });
    const first = await offered(refused, gate_id);
    expect(await refused.approve(first.request.nonce)).toMatchObject([{ event: "failure", problem: { code: "cli.usage", detail: expect.stringContaining("signed nothing") } }]);
    expect([(await host.world.client.gateRecord(gate_id)).attempts, (await host.world.status()).log.size]).toEqual([[1], before]);
    const { child, heard, type } = host.users.atTerminal(CI_USER, ["ui", "--key", host.key]);
    using stack = new DisposableStack();
    stack.defer(() => child.kill());
    const links = (): string[] => heard().match(/http:\S+(?=\s)/g) ?? [];
    await until(() => heard().includes("Ctrl-C to end"));
    type("\n");
    await until(() => links().length === 2);
    const tab = await Tab.of(new URL(links()[1] ?? ""));
    const offer = await offered(tab, gate_id);
    const approving = tab.approve(offer.request.nonce);
    await until(() => heard().includes("Enter passphrase"));
    // Key by key, each of which another reader of this terminal would take away.
    for (const key of [...PASSPHRASE, "\n"]) {
      type(key);
      await Bun.sleep(2);
    }
    expect((await approving).at(-1)).toMatchObject({ event: "result", verdict: "admit", card: { releases: [{ person: "carol", proof: "ssh-key" }] } });
    expect(await host.verified(CI_USER)).toMatch(/approved by carol \(ci\.changed\).*read it on the page/);
    await until(() => heard().includes("admit, attempt 2"));
    expect(links()).toHaveLength(2);
    type("\n");
    await until(() => links().length === 3);
    type("\u0003");
    expect([await child.exited, heard().includes(PASSPHRASE)]).toEqual([0, false]);
  });
});
