/**
 * Runs a program whose calls that change one folder's disk wait here, all threads and children in one line: each is counted by call and
 * path, and the chosen one fails or is the last its process makes. Writes what it saw into a file.
 */
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync, writeFileSync, writeSync } from "node:fs";
import { join, resolve } from "node:path";
import { diskCalls, type NumberedCall } from "./disk-calls.ts";
import { answerWaiting, nextWaiting, takeDescriptor, type Waiting } from "./notifier.ts";
import { FAULTS, nameOf, pathClass, type Fault, type Site } from "./site.ts";

export interface InjectorOrder {
  readonly argv: readonly string[];
  /** Calls outside this folder are let through and not counted. */
  readonly root: string;
  readonly report: string;
  /** `null`: only count. */
  readonly at: { readonly site: Site; readonly fault: Fault } | null;
  readonly deadline_ms: number;
}

export interface InjectorReport {
  /** Every call on the folder, in the order in which they came. */
  readonly sites: readonly Site[];
  readonly hit: boolean;
  readonly hung: boolean;
  readonly exit: number | null;
}

const LISTENED = join(import.meta.dir, "listened.ts");
const LISTENER_LINK = "anon_inode:seccomp notify";
const LISTENER_DEADLINE_MS = 10_000;
const POLL_MS = 50;
const PATH_BYTES_MAX = 4096;
const AT_FDCWD = -100;

/** The descriptor of `pid` on which calls are announced, as soon as it is there. */
async function listenerOf(pid: number): Promise<number> {
  const folder = `/proc/${pid}/fd`;
  for (const ends_ms = performance.now() + LISTENER_DEADLINE_MS; performance.now() < ends_ms; await Bun.sleep(1)) {
    for (const fd of readdirSync(folder)) if (linkOf(join(folder, fd)) === LISTENER_LINK) return takeDescriptor(pid, Number(fd));
  }
  throw new Error(`${pid} does not listen`);
}

/** Whether what /proc was asked for is not there any more: a descriptor that was closed, a thread that was killed. */
const isGone = (error: unknown): boolean => error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH");

/** Where a link of /proc leads; "" where it is gone, as a descriptor is that was closed meanwhile. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (isGone(error)) return "";
    throw error;
  }
}

function textAt(tid: number, address: bigint): string {
  const memory = openSync(`/proc/${tid}/mem`, "r");
  try {
    const bytes = new Uint8Array(PATH_BYTES_MAX);
    // A page may end before the longest path does; what could be read holds the whole of a path that is one.
    const got = readSync(memory, bytes, 0, Math.min(PATH_BYTES_MAX, PATH_BYTES_MAX - Number(address % BigInt(PATH_BYTES_MAX))), Number(address));
    const first = bytes.subarray(0, got);
    const end = first.indexOf(0);
    if (end >= 0) return new TextDecoder().decode(first.subarray(0, end));
    return new TextDecoder().decode(first) + textAt(tid, address + BigInt(got));
  } finally {
    closeSync(memory);
  }
}

/** The file a call is on, by its descriptor or by its name. */
function pathOf({ tid, args }: Waiting, shape: NumberedCall): string {
  const number = (index: number): number => Number(BigInt.asIntN(32, args[index] ?? 0n));
  if (shape.descriptor !== undefined) return linkOf(`/proc/${tid}/fd/${number(shape.descriptor)}`).replace(/ \(deleted\)$/, "");
  const named = textAt(tid, args[shape.path ?? 0] ?? 0n);
  const folder = shape.folder === undefined ? AT_FDCWD : number(shape.folder);
  return named.startsWith("/") ? resolve(named) : resolve(linkOf(folder === AT_FDCWD ? `/proc/${tid}/cwd` : `/proc/${tid}/fd/${folder}`), named);
}

const processOf = (tid: number): number => Number(/^Tgid:\s+(\d+)/m.exec(readFileSync(`/proc/${tid}/status`, "utf8"))?.[1]);

/** Names every call on the folder, and injures the one that was asked for. */
class Injury {
  readonly sites: Site[] = [];
  hit = false;
  private readonly counts = new Map<string, number>();
  private readonly calls = new Map(diskCalls(process.arch).map((call) => [call.number, call]));
  private readonly wanted: string | null;

  constructor(
    private readonly root: string,
    private readonly at: InjectorOrder["at"],
  ) {
    this.wanted = at === null ? null : nameOf(at.site);
  }

  /** Answers one call: `undefined` where it must never happen, an errno, or `null` to go on. */
  private verdict(waiting: Waiting): number | null | undefined {
    const shape = this.calls.get(waiting.number);
    if (shape === undefined) return null;
    const path = pathOf(waiting, shape);
    if (path !== this.root && !path.startsWith(`${this.root}/`)) return null;
    const named = { call: shape.name, path: pathClass(path.slice(this.root.length + 1)) };
    const kind = `${named.call} ${named.path}`;
    const occurrence = (this.counts.get(kind) ?? 0) + 1;
    this.counts.set(kind, occurrence);
    const site = { ...named, occurrence };
    this.sites.push(site);
    if (this.at === null || nameOf(site) !== this.wanted) return null;
    this.hit = true;
    return FAULTS[this.at.fault] ?? undefined;
  }

  answer(listener: number, waiting: Waiting): void {
    let verdict: number | null | undefined;
    try {
      verdict = this.verdict(waiting);
    } catch (error) {
      // Somebody killed it while it waited, as a daemon kills the git of a client that left: its call never happens and counts for nothing.
      if (isGone(error)) return;
      throw error;
    }
    if (verdict === undefined) process.kill(processOf(waiting.tid), "SIGKILL");
    else answerWaiting(listener, waiting, verdict);
  }
}

async function run({ argv, root, at, deadline_ms }: InjectorOrder): Promise<InjectorReport> {
  const child = Bun.spawn([process.execPath, LISTENED, ...argv], { stdio: ["ignore", "inherit", "inherit", "pipe"] });
  const go = child.stdio[3];
  if (typeof go !== "number") throw new Error("no way to tell the program to begin");
  const listener = await listenerOf(child.pid);
  writeSync(go, "x");
  const injury = new Injury(root, at);
  const ends_ms = performance.now() + deadline_ms;
  let hung = false;
  for (;;) {
    const waiting = nextWaiting(listener, POLL_MS);
    if (waiting === "over") break;
    if (waiting !== "idle") injury.answer(listener, waiting);
    else await Bun.sleep(0);
    if (hung || performance.now() < ends_ms) continue;
    hung = true;
    child.kill("SIGKILL");
  }
  await child.exited;
  return { sites: injury.sites, hit: injury.hit, hung, exit: child.exitCode };
}

if (import.meta.main) {
  const order = JSON.parse(process.argv[2] ?? "") as InjectorOrder;
  writeFileSync(order.report, JSON.stringify(await run(order)));
  process.exit(0);
}
