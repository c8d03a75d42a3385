import { fromUtf8Lossy, utf8 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { IntakeLimits } from "../../../proto/config.ts";
import type { CommandResult } from "../process/command.ts";
import { diskCode } from "../disk.ts";
import { fsckError, fsckWarnings, strictOption } from "./fsck.ts";
import { isOid, type Oid } from "./object-format.ts";
import { PackBody, packObjects } from "./pack-body.ts";
import { Quarantine, type ReceivedPack } from "./quarantine.ts";
import type { Repository } from "./repository-store.ts";
import { Git, lastWords, type ResourceLimits } from "./runner.ts";

/** A commit with a long message and a signature compresses to about 1 KiB. */
const HISTORY_BYTES_PER_COMMIT_MAX = 4 * 1024;
/** Boundary commits and the path that shows they are old come on top of `commits_max`. */
const HISTORY_COMMITS_FACTOR = 2;
/** Blobs above this are hashed as a stream by index-pack, so its memory does not follow a bomb's size. */
const STREAMED_BLOB_BYTES = 16 * 1024 * 1024;
/** The quarantine is flushed as a whole once everything is checked. */
const NO_FSYNC = ["-c", "core.fsync=none"] as const;
const ADDRESS_BYTES_MAX = 6 * 1024 ** 3;
const STDOUT_BYTES_MAX = 4096;
const STDERR_BYTES_MAX = 256 * 1024;
const OBJECT_LINE_BYTES_MAX = 128;

/** What the client says about its packs; every word of it is checked. */
export interface IntakeClaim {
  /** Commits whose parents were not sent. */
  readonly cuts: readonly Oid[];
  /** Commits whose whole tree must be there afterwards. */
  readonly tips: readonly Oid[];
}

export type PackLimits = Pick<IntakeLimits, "pack_bytes_max" | "objects_max" | "object_bytes_max" | "commits_max" | "intake_deadline_ms">;

export interface IntakeOptions {
  readonly limits: PackLimits;
  readonly signal?: AbortSignal;
}

export interface IntakeResult {
  readonly objects: number;
  readonly bytes: number;
  /** Cosmetic faults that were let through, from `fsck.ts`. */
  readonly warnings: readonly string[];
}

/**
 * Receives one body (see `proto/pack-body.ts`) into the repository: all of it, or nothing.
 *
 * Throws MaestroError:
 * - `request.malformed`: a claimed id is not one of this object format
 * - `intake.refused`: git found a fault, or the pack is not what it says
 * - `intake.incomplete`: an object is missing that a tip or an object of the pack needs
 * - `request.too_large`: a limit of `limits`, named
 * - `request.timeout`, `request.cancelled`, `store.no_space`
 */
export async function receivePack(git: Git, repository: Repository, claim: IntakeClaim, body: ReadableStream<Uint8Array>, options: IntakeOptions): Promise<IntakeResult> {
  const { object_format } = repository;
  const wrong = [...claim.cuts, ...claim.tips].find((oid) => !isOid(oid, object_format));
  if (wrong !== undefined) throw new MaestroError("request.malformed", `not a full ${object_format} object id: ${JSON.stringify(wrong.slice(0, 80))}`);
  const quarantine = await Quarantine.open(repository);
  const intake = new Intake(git, quarantine, claim, body, options);
  try {
    const result = await intake.run();
    await quarantine.migrate();
    return result;
  } finally {
    await intake.close();
    await quarantine.discard();
  }
}

class Intake {
  readonly #git: Git;
  readonly #quarantine: Quarantine;
  readonly #claim: IntakeClaim;
  readonly #options: IntakeOptions;
  readonly #body: PackBody;
  readonly #end_ms: number;

  constructor(git: Git, quarantine: Quarantine, claim: IntakeClaim, body: ReadableStream<Uint8Array>, options: IntakeOptions) {
    const { limits } = options;
    this.#git = git;
    this.#quarantine = quarantine;
    this.#claim = claim;
    this.#options = options;
    this.#end_ms = performance.now() + limits.intake_deadline_ms;
    this.#body = new PackBody(body, { ...limits, history_bytes_max: limits.commits_max * HISTORY_BYTES_PER_COMMIT_MAX });
  }

  async run(): Promise<IntakeResult> {
    const history = await this.#body.history();
    if (history !== null) await this.#receiveHistory(history);
    const { objects, warnings } = await this.#receiveObjects();
    await Promise.all([this.#checkConnected(), this.#quarantine.flush()]);
    return { objects, warnings, bytes: (history?.length ?? 0) + this.#body.objects_bytes };
  }

  async close(): Promise<void> {
    await this.#body.cancel();
  }

  /**
   * Bare commits: their trees are not here, which `--strict` would refuse, so this pack is only hashed. Nothing but
   * commits may be in it, otherwise trees could come in past fsck.
   */
  async #receiveHistory(history: Uint8Array): Promise<void> {
    packObjects(history, this.#options.limits.commits_max * HISTORY_COMMITS_FACTOR);
    const pack = await this.#packOf(await this.#command(["index-pack", "--stdin"], history, NO_FSYNC));
    if (pack.bytes !== history.length) throw new MaestroError("intake.refused", "bytes follow the end of the history pack");
    await this.#listObjects((type, size, oid) => {
      if (type !== "commit") throw new MaestroError("intake.refused", `${type} ${oid} in the history pack, which takes commits only`);
      this.#checkSize(size, oid);
    });
  }

  async #receiveObjects(): Promise<Pick<IntakeResult, "objects" | "warnings">> {
    const { limits } = this.#options;
    const shallow = await this.#quarantine.shallowFile(new Set([...this.#claim.cuts, ...this.#claim.tips]));
    const { count, stream } = await this.#body.objects();
    const config = [...NO_FSYNC, "-c", `core.bigFileThreshold=${STREAMED_BLOB_BYTES}`];
    const args = ["index-pack", "--stdin", "--fix-thin", `--max-input-size=${limits.pack_bytes_max}`, strictOption()];
    const result = await this.#command(args, stream, [...config, "--shallow-file", shallow]);
    const pack = await this.#packOf(result);
    await this.#checkWhole(pack, count);
    const objects = await this.#listObjects((_type, size, oid) => this.#checkSize(size, oid));
    return { objects, warnings: fsckWarnings(result.stderr) };
  }

  /** index-pack reads one pack and ignores what follows; a thin pack grew by the bases git added, any other has its own size. */
  async #checkWhole(pack: ReceivedPack, count: number): Promise<void> {
    const head = new Uint8Array(await Bun.file(this.#quarantine.packFile(pack.name)).slice(0, 12).arrayBuffer());
    const thin = packObjects(head, Number.MAX_SAFE_INTEGER) > count;
    const sent = this.#body.objects_bytes;
    if (!(await this.#body.atEnd()) || pack.bytes < sent || (!thin && pack.bytes !== sent)) throw new MaestroError("intake.refused", "bytes follow the end of the pack");
  }

  /** Every tip with its whole tree. `--strict` has checked each object's links; this checks that the tips are there at all. */
  async #checkConnected(): Promise<void> {
    const { tips } = this.#claim;
    if (tips.length === 0) return;
    const { code, stderr } = await this.#command(["rev-list", "--objects", "--no-walk", "--quiet", "--stdin"], utf8(tips.map((oid) => `${oid}\n`).join("")));
    if (code !== 0) throw new MaestroError("intake.incomplete", lastWords(stderr));
  }

  #checkSize(size: number, oid: string): void {
    const { object_bytes_max } = this.#options.limits;
    if (size > object_bytes_max) throw new MaestroError("request.too_large", `object ${oid} has ${size} bytes, object_bytes_max is ${object_bytes_max}`);
  }

  /** Type and size of every object in quarantine, from git's index and object headers; returns how many. */
  async #listObjects(each: (type: string, size: number, oid: string) => void): Promise<number> {
    const args = ["cat-file", "--batch-all-objects", "--unordered", "--batch-check=%(objecttype) %(objectsize) %(objectname)"];
    const bytes_max = this.#options.limits.objects_max * OBJECT_LINE_BYTES_MAX;
    const stream = this.#git.stream(this.#quarantine.alone, args, this.#limits(bytes_max));
    let rest = "";
    let objects = 0;
    for await (const chunk of stream) {
      const lines = (rest + fromUtf8Lossy(chunk)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const [type = "", size = "", oid = ""] = line.split(" ");
        each(type, Number(size), oid);
        objects++;
      }
    }
    const { code, stderr } = await stream.ended;
    if (code !== 0) throw new MaestroError("git.failed", lastWords(stderr));
    return objects;
  }

  async #packOf(result: CommandResult): Promise<ReceivedPack> {
    if (result.code !== 0) throw refusal(result.stderr);
    const hash = /^pack\t([0-9a-f]{40,64})\n/.exec(fromUtf8Lossy(result.stdout))?.[1];
    if (hash === undefined) throw new MaestroError("git.failed", "index-pack did not name its pack");
    return this.#quarantine.pack(`pack-${hash}`);
  }

  async #command(args: readonly string[], stdin: Uint8Array | ReadableStream<Uint8Array>, global: readonly string[] = []): Promise<CommandResult> {
    try {
      return await this.#git.run(this.#quarantine.dir, args, { ...this.#limits(STDOUT_BYTES_MAX), stdin, global });
    } catch (error) {
      throw translated(error);
    }
  }

  #limits(stdout_bytes_max: number): { stdout_bytes_max: number; stderr_bytes_max: number; deadline_ms: number; resources: ResourceLimits; signal?: AbortSignal } {
    const { limits, signal } = this.#options;
    const deadline_ms = Math.max(1, Math.ceil(this.#end_ms - performance.now()));
    const resources = {
      address_bytes_max: ADDRESS_BYTES_MAX,
      cpu_s_max: Math.ceil(limits.intake_deadline_ms / 1000) * 2,
      file_bytes_max: limits.pack_bytes_max * 2,
    };
    return { stdout_bytes_max, stderr_bytes_max: STDERR_BYTES_MAX, deadline_ms, resources, ...(signal === undefined ? {} : { signal }) };
  }
}

/** What index-pack's refusal means to the client. */
function refusal(stderr: string): MaestroError {
  const fault = fsckError(stderr);
  if (fault !== null) return new MaestroError("intake.refused", `${fault.id} in object ${fault.oid}`);
  const words = lastWords(stderr);
  const disk = diskCode(stderr);
  if (disk !== null) return new MaestroError(disk, words);
  if (/did not receive expected object|unresolved delta|missing object/.test(stderr)) return new MaestroError("intake.incomplete", words);
  return new MaestroError("intake.refused", words);
}

/** Failures of running a command, in the words of an intake. A stream that passed its own limit is the cause of the cancellation it brought. */
function translated(error: unknown): unknown {
  if (!(error instanceof MaestroError)) return error;
  if (error.code === "request.cancelled" && error.cause instanceof MaestroError) return error.cause;
  if (error.code === "worker.deadline") return new MaestroError("request.timeout", error.detail, { cause: error });
  if (error.code === "worker.crashed") return new MaestroError("intake.refused", `index-pack passed its resource limits: ${error.detail}`, { cause: error });
  return error;
}
