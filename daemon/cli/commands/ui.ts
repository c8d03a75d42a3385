/** `maestro ui`: the pages over the loopback, behind a link that is good once, with the rights of the user who typed it. */
import { join } from "node:path";
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import { VERSION } from "../../../proto/version.ts";
import { MaestroClient } from "../../client/maestro.ts";
import { SocketClient } from "../../client/socket.ts";
import { gitIn, locate } from "../../client/worktree.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { textOf, type CommandModule, type Values } from "../command.ts";
import { speaking } from "../connect.ts";
import { printJson } from "../document.ts";
import { note, print } from "../output.ts";
import { pageFile, servedPage, type PageName } from "../page-file.ts";
import { keyOf } from "../releasing.ts";
import { inScratch } from "../signing.ts";
import { Approvals } from "../ui/approving.ts";
import { InvariantsFolder } from "../ui/folder.ts";
import { openBrowser } from "../ui/opening.ts";
import { Enter } from "../ui/enter.ts";
import { UI_LIMITS } from "../ui/limits.ts";
import { serve, type Behind, type Serving } from "../ui/server.ts";
import { Sessions } from "../ui/session.ts";
import { writeOut } from "../write-file.ts";

const PAGES: readonly PageName[] = ["cards", "studio", "verifier"];
const isPage = (name: string): name is PageName => PAGES.some((page) => page === name);
const ENDS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const PORT_MAX = 65_535;

/** Below the ports that the kernel gives out by itself (ip_local_port_range begins at 32,768). */
const OWN_PORTS = { first: 10_000, count: 20_000 } as const;

/** Of this user and folder: a browser keeps what was being edited by address and port, so it is there again when the pages are. */
function ownPort(folder: string): number {
  const digest = new Bun.CryptoHasher("sha256").update(`${process.getuid?.() ?? 0}\0${folder}`).digest();
  return OWN_PORTS.first + (digest.readUInt32BE(0) % OWN_PORTS.count);
}

/** On the port that was named, else on the folder's own, else on any. */
function serving(named: number | null, behind: Behind): Serving {
  if (named !== null) return serve(named, behind);
  try {
    return serve(ownPort(behind.folder.path), behind);
  } catch (error) {
    if (!(error instanceof MaestroError) || error.code !== "socket.occupied") throw error;
    note(`maestro: port ${ownPort(behind.folder.path)} of this folder is taken, perhaps by another maestro ui; what a browser kept under it is not seen under this one`);
    return serve(0, behind);
  }
}

function portOf(values: Values): number | null {
  const text = textOf(values, "port");
  if (text === undefined) return null;
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : PORT_MAX + 1;
  if (port < 1 || port > PORT_MAX) throw new MaestroError("cli.usage", `--port takes a number from 1 to ${PORT_MAX}, not ${JSON.stringify(text)}`);
  return port;
}

/** Of the repository one stands in; where one stands in none, below the current folder. */
function folderOf(values: Values): string {
  const named = textOf(values, "folder");
  if (named !== undefined) return named;
  try {
    return join(locate(".", gitIn(".")).top, "invariants");
  } catch (error) {
    if (!(error instanceof MaestroError)) throw error;
    return "invariants";
  }
}

function write(page: PageName, out: string, force: boolean): number {
  const bytes = pageFile(page);
  writeOut(out, bytes, 0o644, "nothing was changed", force);
  print(`${out}  ${bytes.length} bytes  sha256:${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}`);
  note("open it in a browser; it needs no network, and reads the files that you drop on it");
  return EXIT.admit;
}

/** Each page is built once, when it is first asked for. */
function building(): (name: PageName) => Promise<Uint8Array<ArrayBuffer>> {
  const built = new Map<PageName, Promise<Uint8Array<ArrayBuffer>>>();
  return (name) => {
    const known = built.get(name) ?? servedPage(name);
    built.set(name, known);
    // One that failed is tried again by whoever asks next.
    known.catch(() => built.delete(name));
    return known;
  };
}

async function served(page: PageName, values: Values, scratch: string): Promise<number> {
  const signing = keyOf(values)(scratch);
  const { locations, options } = speaking(values);
  const folder = new InvariantsFolder(folderOf(values));
  const sessions = new Sessions();
  const pages = building();
  // Whoever opens the link does not wait for it, and a page that cannot be built is said before there is a link.
  await pages(page);
  const enter = new Enter();
  const client = new MaestroClient(locations.socket_path, options);
  const approvals = new Approvals(client, { key: signing, folder: scratch, terminal: enter }, { locations, values });
  const signer = signing === null ? "user" : values["agent"] === true ? "agent" : "key";
  const about = () => ({ version: VERSION, folder: folder.path, folder_there: folder.there, signer }) as const;
  const { authority, stop } = serving(portOf(values), { sessions, pages, about, daemon: new SocketClient(locations.socket_path, options), approvals, folder, body_ms_max: UI_LIMITS.body_ms_max });
  const link = (): string => `http://${authority}/${page}#${sessions.newToken()}`;
  const ended = Promise.withResolvers<void>();
  // Each of them, as often as it comes: what is left on disk goes before this does.
  for (const signal of ENDS) process.on(signal, () => ended.resolve());
  const first = link();
  if (values["json"] === true) printJson({ link: first, authority, folder: folder.path });
  else print(first);
  note(`maestro: the link is good for one tab; press Enter for another, Ctrl-C to end. Invariants in ${escapeTerminal(folder.path)}${folder.there ? "" : " (not there yet)"}`);
  enter.listen(() => print(link()));
  if (values["open"] === true) void openBrowser(first, scratch).then((opened) => (opened ? null : note("maestro: no browser could be started here; open the link above")));
  await ended.promise;
  enter.close();
  await stop();
  return EXIT.admit;
}

export const run: CommandModule["run"] = ({ values, positionals }) => {
  const [page = "cards"] = positionals;
  if (!isPage(page)) throw new MaestroError("cli.usage", `ui takes ${PAGES.join(", ")} or nothing, not ${JSON.stringify(page)}`);
  const out = textOf(values, "out");
  return out === undefined ? inScratch((scratch) => served(page, values, scratch)) : Promise.resolve(write(page, out, values["force"] === true));
};
