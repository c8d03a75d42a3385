/** `tla2tools …`: TLC with the pinned jar. Arguments and exit codes are TLC's own; 69 where there is no Java or no jar, as for every command here. */
import { mkdtempSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { EXIT } from "../../../proto/errors.ts";
import { environmentOf } from "../../config/environment.ts";
import { endWithParent } from "../../platform/kernel/process.ts";
import { archiveFlags, hostCommand } from "./host-command.ts";
import { findToolchain } from "./toolchain.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Waits for the end of its input, which is our end however it came, and does what we would have done: nobody can answer SIGKILL, and TLC would go on for hours. */
const GUARD = `
trap '' HUP INT TERM QUIT
while read -r line; do :; done
kill -9 "$1" 2>/dev/null
rounds=0
while [ "$rounds" -lt 50 ] && kill -0 "$1" 2>/dev/null; do rounds=$((rounds + 1)); sleep 0.02; done
rm -rf -- "$2"
`;

async function run(args: readonly string[]): Promise<number> {
  const toolchain = findToolchain();
  if ("because" in toolchain) {
    process.stderr.write(`tla2tools: ${toolchain.because}\n`);
    return EXIT.unavailable;
  }
  let child: Bun.Subprocess | null = null;
  let guard: Bun.Subprocess | null = null;
  // At a terminal Ctrl-C reaches TLC by itself: forwarded, it would arrive twice.
  for (const signal of SIGNALS) process.on(signal, () => void (signal === "SIGINT" && process.stdin.isTTY ? undefined : child?.kill(signal)));
  // What started us may be killed as well, and then there is time to stop TLC and to clear up.
  if (process.platform === "linux") endWithParent();
  const tmp = mkdtempSync(join(tmpdir(), "tla2tools-"));
  try {
    // A check that is to be taken up again keeps its states where its user says.
    const metadir = !args.includes("-metadir") && !args.includes("-recover");
    const { argv, env } = hostCommand(toolchain, { tmp, flags: archiveFlags(toolchain), args, metadir });
    const tlc = Bun.spawn([...argv], { cwd: environmentOf("MAESTRO_CWD") ?? process.cwd(), env, stdin: "inherit", stdout: "inherit", stderr: "inherit" });
    child = tlc;
    guard = Bun.spawn(["/bin/sh", "-c", GUARD, "tla2tools", String(tlc.pid), tmp], { cwd: "/", env: { PATH: "/usr/bin:/bin" }, stdin: "pipe", stdout: "ignore", stderr: "ignore" });
    await tlc.exited;
    const ended = Object.entries(constants.signals).find(([name]) => name === tlc.signalCode);
    return tlc.exitCode ?? 128 + (ended?.[1] ?? constants.signals.SIGKILL);
  } finally {
    rmSync(tmp, { recursive: true, force: true });
    guard?.kill("SIGKILL");
  }
}

process.exitCode = await run(Bun.argv.slice(2));
