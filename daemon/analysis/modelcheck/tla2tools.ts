/** `tla2tools …`: TLC with the pinned jar. Arguments and exit codes are TLC's own; 69 where there is no Java or no jar, as for every command here. */
import { mkdtempSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { EXIT } from "../../../proto/errors.ts";
import { environmentOf } from "../../config/environment.ts";
import { archiveFlags, hostCommand } from "./host-command.ts";
import { findToolchain } from "./toolchain.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

async function run(args: readonly string[]): Promise<number> {
  const toolchain = findToolchain();
  if ("because" in toolchain) {
    process.stderr.write(`tla2tools: ${toolchain.because}\n`);
    return EXIT.unavailable;
  }
  const tmp = mkdtempSync(join(tmpdir(), "tla2tools-"));
  try {
    // A check that is to be taken up again keeps its states where its user says.
    const metadir = !args.includes("-metadir") && !args.includes("-recover");
    const { argv, env } = hostCommand(toolchain, { tmp, flags: archiveFlags(toolchain), args, metadir });
    const child = Bun.spawn([...argv], { cwd: environmentOf("MAESTRO_CWD") ?? process.cwd(), env, stdin: "inherit", stdout: "inherit", stderr: "inherit" });
    // At a terminal Ctrl-C reaches TLC by itself: forwarded, it would arrive twice.
    for (const signal of SIGNALS) process.on(signal, () => void (signal === "SIGINT" && process.stdin.isTTY ? undefined : child.kill(signal)));
    await child.exited;
    const ended = Object.entries(constants.signals).find(([name]) => name === child.signalCode);
    return child.exitCode ?? 128 + (ended?.[1] ?? constants.signals.SIGKILL);
  } finally {
    rmSync(tmp, { recursive: true, force: true });
  }
}

process.exitCode = await run(Bun.argv.slice(2));
