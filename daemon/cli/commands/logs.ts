import { closeSync, existsSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import type { CommandModule } from "../command.ts";
import { locate } from "../connect.ts";
import { printJson } from "../document.ts";
import { print, printed } from "../output.ts";

const LINES_DEFAULT = 100;
const LINES_MAX = 10_000;
/** What is read from the end of the file; a line has a few hundred bytes. */
const TAIL_BYTES_MAX = 8 * 1024 * 1024;
const POLL_MS = 200;

/** A service's lines are in the journal; a private daemon's in its state folder. */
function journal(socket_path: string): boolean {
  return socket_path.startsWith("/run/maestro/") && existsSync("/run/systemd/system") && Bun.which("journalctl") !== null;
}

function readFrom(path: string, from: number, bytes: number): Buffer {
  const fd = openSync(path, "r");
  try {
    const buffer = Buffer.alloc(Math.min(bytes, Math.max(0, fstatSync(fd).size - from)));
    return buffer.subarray(0, readSync(fd, buffer, 0, buffer.length, from));
  } finally {
    closeSync(fd);
  }
}

const show = (line: string): void => print(process.stdout.isTTY ? escapeTerminal(line) : line);

/** Prints what is added, from byte `at` on, until the process is ended; a file that was replaced or cut is read from its start. */
async function follow(path: string, at: number): Promise<never> {
  let rest = "";
  for (let inode = statSync(path).ino; ; await Bun.sleep(POLL_MS)) {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) continue;
    if (found.ino !== inode || found.size < at) [inode, at, rest] = [found.ino, 0, ""];
    if (found.size === at) continue;
    const chunk = readFrom(path, at, TAIL_BYTES_MAX);
    at += chunk.length;
    const lines = (rest + chunk.toString("utf8")).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(show);
    await printed();
  }
}

function countOf(value: string | boolean | undefined): number {
  const count = value === undefined ? LINES_DEFAULT : Number(value);
  if (!Number.isInteger(count) || count < 0 || count > LINES_MAX) throw new MaestroError("cli.usage", `--lines takes a whole number up to ${LINES_MAX}`);
  return count;
}

export const run: CommandModule["run"] = async ({ values }) => {
  const { state_dir, socket_path } = locate(values);
  const following = values["follow"] === true;
  const count = countOf(values["lines"]);
  if (following && values["json"] === true) throw new MaestroError("cli.usage", "--json prints one document, which --follow never ends");
  if (values["state"] === undefined && journal(socket_path)) {
    const argv = ["journalctl", "--unit=maestrod.service", "--output=cat", "--no-pager", `--lines=${count}`, ...(following ? ["--follow"] : [])];
    if (values["json"] !== true) return Bun.spawn(argv, { stdio: ["ignore", "inherit", "inherit"] }).exited;
    const { exitCode, stdout } = Bun.spawnSync(argv, { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
    printJson({ path: null, lines: stdout.toString().split("\n").filter((line) => line !== "") });
    return exitCode;
  }
  const path = `${state_dir}/maestrod.log`;
  if (!existsSync(path)) throw new MaestroError("cli.usage", `${path} does not exist: no private daemon ran with this state folder; a service's lines are in its journal`);
  const size = statSync(path).size;
  const from = Math.max(0, size - TAIL_BYTES_MAX);
  const lines = readFrom(path, from, TAIL_BYTES_MAX).toString("utf8").split("\n").filter((line) => line !== "").slice(-count || Infinity);
  if (values["json"] === true) printJson({ path, lines });
  else lines.forEach(show);
  if (following) await follow(path, size);
  return EXIT.admit;
};
