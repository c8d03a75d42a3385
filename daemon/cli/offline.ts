/** Work on a state folder that no daemon holds, done by a process of the daemon's side: the command line itself opens no database. */
import { MaestroError, type ErrorCode, ERRORS } from "../../proto/errors.ts";

const OFFLINE = Bun.fileURLToPath(new URL("../offline.ts", import.meta.url));

type Said = { readonly event: string; readonly code?: unknown; readonly detail?: unknown; readonly report?: unknown };

const isCode = (code: unknown): code is ErrorCode => typeof code === "string" && Object.hasOwn(ERRORS, code);

/** The report of its last line. Throws the failure that it reports; a process that says nothing has crashed. */
export async function offline<Report>(verb: string, args: readonly string[]): Promise<Report> {
  const child = Bun.spawn([process.execPath, OFFLINE, verb, ...args], { stdin: "ignore", stdout: "pipe", stderr: "inherit", cwd: "/" });
  const lines = (await new Response(child.stdout).text()).split("\n").filter((line) => line !== "");
  await child.exited;
  const last = lines.at(-1);
  if (last === undefined) throw new MaestroError("store.corrupt", `looking at the state folder ended with ${child.signalCode ?? child.exitCode}`);
  const said = JSON.parse(last) as Said;
  if (said.event === "failure") throw new MaestroError(isCode(said.code) ? said.code : "internal.bug", String(said.detail));
  if (said.report === undefined) throw new MaestroError("store.corrupt", `looking at the state folder ended with ${child.signalCode ?? child.exitCode}, before its report`);
  return said.report as Report;
}
