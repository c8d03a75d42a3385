/** The second tier: the same contract, with a kernel of its own between job and host. */
import { afterAll, describe, expect, test } from "bun:test";
import { skipWithout } from "../../testing/skip.ts";
import { Canaries } from "./testing/canaries.ts";
import { contentOf, NEVER, sandboxWithout, shellJob } from "./testing/rig.ts";

const sandbox = sandboxWithout([]);
const state = await sandbox.tier("runsc");
afterAll(() => sandbox.close());
const skipped = skipWithout(state.usable, `gVisor was not tried: ${state.usable ? "" : state.because}`);

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");
const run = (script: string, given: Parameters<typeof shellJob>[1] = {}) => sandbox.run(shellJob(script, { ...given, tier: "runsc" }), NEVER);

describe.skipIf(skipped)("under gVisor", () => {
  test("a job gets tree, input and environment, and leaves outputs, code and files", async () => {
    const script = "cat; echo $NAME; echo complaint >&2; mkdir out; echo found > out/report; ln -s /etc/passwd link; test -r /change/rig.ts && exit 7";
    const ran = await run(script, { stdin: Buffer.from("given\n"), env: { PATH: "/usr/bin:/bin", NAME: "named" }, wanted: [{ path: "out/report", bytes_max: 100 }, { path: "link", bytes_max: 100 }] });
    expect({ ...ran, usage: null, stdout: text(ran.stdout), stderr: text(ran.stderr) }).toMatchObject({ tier: "runsc", end: { kind: "exit", code: 7 }, stdout: "given\nnamed\n", stderr: "complaint\n" });
    expect(contentOf(ran.files.get("out/report"))).toBe("found\n");
    expect(ran.files.get("link")).toMatchObject({ state: "refused" });
  });

  test("the kernel it talks to is not the host's", async () => {
    const inside = text((await run("cat /proc/version")).stdout);
    expect(inside).toContain("Linux version 4.4.0");
    expect(inside).not.toBe(text((await sandbox.run(shellJob("cat /proc/version"), NEVER)).stdout));
  });

  test("neither tree, tool chain nor the launcher's corner can be written, and the state folder is not there", async () => {
    const canaries = await Canaries.set();
    try {
      const ran = await run(`for at in /change/x /usr/x /.maestro/x /x; do echo CANARY > $at && echo ESCAPED; done; cat ${canaries.key} /host${canaries.key} && echo ESCAPED; cat /.maestro/bundle/config.json && echo ESCAPED; exit 0`, { tree_dir: canaries.tree_dir });
      expect(text(ran.stdout)).toBe("");
      expect(ran.end).toEqual({ kind: "exit", code: 0 });
    } finally {
      await canaries.remove();
    }
  });

  test("there is no network, and no process of the host", async () => {
    const canaries = await Canaries.set();
    try {
      canaries.reset();
      const ran = await run(`perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:${canaries.tcp_port}", Timeout => 1) or exit 9; print <$s>'; echo code $?; kill ${canaries.sleeper_pid}; cat /proc/net/dev`);
      expect(text(ran.stdout)).toContain("code 9");
      expect(text(ran.stdout)).not.toContain("CANARY");
      expect(text(ran.stdout)).not.toContain("eth0");
      expect(canaries.sleeper_killed).toBe(false);
    } finally {
      await canaries.remove();
    }
  });

  test("wall time, output and a signal end it as in the first tier", async () => {
    expect((await run("trap '' TERM; sleep 9", { limits: { wall_ms: 800 } })).end).toEqual({ kind: "limit", limit: "wall_ms" });
    expect((await run("head -c 3000000 /dev/zero; sleep 9", { limits: { output_bytes_max: 1_000_000 } })).end).toEqual({ kind: "limit", limit: "output_bytes_max" });
    expect((await run("kill -SEGV $$")).end).toEqual({ kind: "signal", signal: "SIGSEGV" });
  }, 120_000);
});
