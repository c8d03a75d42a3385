/** What a command leaves passes the core, the process that signs, without staying there. */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { Behind } from "../platform/sandbox/testing/behind.ts";
import { skipWithout } from "../testing/skip.ts";
import { World } from "./testing/world.ts";

setDefaultTimeout(120_000);
let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.dispose());

const MiB = 1024 * 1024;
/** Each of just `limits.command.report_bytes_max`, both streams below `limits.sandbox.output_bytes_max`: a command may do this on any host. */
const [REPORTS, REPORT_BYTES, SAID_BYTES] = [10, 16 * MiB, 7 * MiB];
/** The frames lie about until the garbage collector takes them: 60 to 100 MiB, whether 60 or 250 MiB come through. Held whole and joined they took 2.6 times what came. */
const GROWTH_BYTES_MAX = 144 * MiB;
const numbers = Array.from({ length: REPORTS }, (_, at) => at);
const LARGE = `version: 1
commands:
  tool: {run: [sh, -c, "for i in ${numbers.join(" ")}; do head -c ${REPORT_BYTES} /dev/zero > /scratch/$i.json; done; head -c ${SAID_BYTES} /dev/zero; head -c ${SAID_BYTES} /dev/zero >&2; echo last words >&2; exit 3"]}
obligations:
${numbers.map((at) => `  large.${at}: {from: {command: tool, file: ${at}.json}, format: json, pointer: /a, max: "1"}\n`).join("")}`;
const SMALL = 'version: 1\ncommands:\n  tool: {run: [sh, -c, "echo 1 > /scratch/0.json"]}\nobligations:\n  small: {from: {command: tool, file: 0.json}, format: json, pointer: "", max: "1"}\n';

/** The most that was ever resident (proc(5)). */
const mostOf = (pid: number): number => 1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1]);

/** How far the real daemon's resident memory rose over that of a small gate, and what became of the large one. */
async function growth(): Promise<{ readonly grown_bytes: number; readonly because: readonly (string | null)[]; readonly excerpt: string | null | undefined }> {
  expect((await world.judged(await world.changed({ "maestro.yaml": SMALL, f: "a\n" }, { f: "b\n" }))).verdict).toBe("admit");
  const { pid } = (await world.status()).daemon;
  const before = mostOf(pid);
  const { card } = await world.judged(await world.changed({ "maestro.yaml": LARGE, f: "a\n" }, { f: "b\n" }));
  return { grown_bytes: mostOf(pid) - before, because: (card.obligations ?? []).map(({ because }) => because), excerpt: card.reasons.find(({ rule }) => rule === "command.tool.exit")?.excerpt };
}

function checked({ grown_bytes, because, excerpt }: Awaited<ReturnType<typeof growth>>): void {
  // All of them were read, to the last byte, by somebody.
  expect(because).toEqual(numbers.map(() => expect.stringMatching(/JSON/)));
  expect(excerpt).toEndWith("last words");
  process.stderr.write(`the core grew by ${Math.round(grown_bytes / MiB)} MiB of ${GROWTH_BYTES_MAX / MiB}\n`);
  expect(grown_bytes).toBeLessThan(GROWTH_BYTES_MAX);
}

describe.skipIf(skipWithout(Bun.which("bwrap") !== null, "needs bubblewrap, so no command left anything"))("a command that leaves as much as it may", () => {
  test("does not raise the core's memory by it", async () => {
    checked(await growth());
  });

  test.skipIf(skipWithout(Bun.which("systemd-socket-activate") !== null, "needs systemd-socket-activate, so no launcher was behind a socket"))("nor where the launcher is a unit of its own", async () => {
    const socket = world.path("sandbox.sock");
    writeFileSync(world.path("host.yaml"), `version: 1\ntrust_domain: build.example\nmodes: [local]\nsandbox_socket: ${socket}\n`);
    await using _behind = await Behind.listen(socket);
    await world.daemon(["--config", world.path("host.yaml"), "--state", world.state_dir, "--socket", world.socket_path]);
    checked(await growth());
  });
});
