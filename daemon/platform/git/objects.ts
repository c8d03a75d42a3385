import { MaestroError } from "../../../proto/errors.ts";
import { Capture } from "../process/capture.ts";
import { errno } from "../kernel/errno.ts";
import { ByteReader } from "./byte-reader.ts";
import { assertOid, type ObjectType, type Oid } from "./object-format.ts";
import { Git, lastWords, type GitDir } from "./runner.ts";

const LINE_BYTES_MAX = 512;
/** Requests in flight at once: hides the round trip. With --buffer git reads all of them before it answers the first, so neither side waits for the other. */
const BATCH = 256;
const STDERR_BYTES_MAX = 16 * 1024;

export interface ObjectInfo {
  readonly oid: Oid;
  readonly type: ObjectType;
  readonly size: number;
}

/** What reading one object gave. `missing` and `too_large` are answers, so that a caller has to say them. */
export type ObjectRead =
  | { readonly result: "read"; readonly info: ObjectInfo; readonly content: Uint8Array }
  | { readonly result: "too_large"; readonly info: ObjectInfo }
  | { readonly result: "missing"; readonly oid: Oid };

export interface ObjectReaderOptions {
  /** From opening to closing. */
  readonly deadline_ms: number;
  readonly signal?: AbortSignal;
}

/**
 * One `git cat-file --batch-command` kept open. Calls may overlap; they are answered in turn. It stays in the
 * caller's process group, so it dies with a check process that is killed, and with its stdin in any other case.
 * After a failure every further call fails: what came from the pipe could be another object's bytes.
 */
export class ObjectReader implements AsyncDisposable {
  readonly dir: GitDir;
  readonly #child: Bun.Subprocess<"pipe", "pipe", "pipe">;
  readonly #bytes: ByteReader;
  readonly #stderr: Capture;
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #options: ObjectReaderOptions;
  readonly #abort = (): void => this.#fail(new MaestroError("request.cancelled", "reading git objects", { cause: this.#options.signal?.reason }));
  #turn: Promise<void> = Promise.resolve();
  #failure: MaestroError | undefined;

  constructor(git: Git, dir: GitDir, options: ObjectReaderOptions) {
    this.dir = dir;
    this.#options = options;
    const cmd = git.argv(dir, ["cat-file", "--batch-command", "--buffer"]);
    this.#child = spawn(cmd, git.env(dir), dir.git_dir);
    this.#bytes = new ByteReader(this.#child.stdout.getReader());
    this.#stderr = new Capture(this.#child.stderr, STDERR_BYTES_MAX);
    this.#timer = setTimeout(() => this.#fail(new MaestroError("request.timeout", `reading git objects: ${options.deadline_ms} ms`)), options.deadline_ms);
    if (options.signal?.aborted) this.#abort();
    else options.signal?.addEventListener("abort", this.#abort, { once: true });
  }

  /** Type and size of each, in the order asked; null where it is not stored. */
  async info(oids: readonly Oid[]): Promise<(ObjectInfo | null)[]> {
    this.#check(oids);
    return this.#inTurn(() => this.#infos(oids));
  }

  /** One object, its content only up to `bytes_max`. */
  async read(oid: Oid, bytes_max: number): Promise<ObjectRead> {
    const [only] = await this.readMany([oid], bytes_max);
    if (only === undefined) throw new MaestroError("internal.bug", "an object was asked for and nothing came");
    return only;
  }

  /** Several objects in the order asked, each up to `bytes_max`: keep the list short enough for memory. */
  async readMany(oids: readonly Oid[], bytes_max: number): Promise<ObjectRead[]> {
    this.#check(oids);
    return this.#inTurn(async () => {
      const found: ObjectRead[] = [];
      for (let at = 0; at < oids.length; at += BATCH) found.push(...(await this.#readBatch(oids.slice(at, at + BATCH), bytes_max)));
      return found;
    });
  }

  /**
   * Hands the content of every object to `each` in pieces, whatever its size, in the order asked; `piece` is null once an object is
   * complete. A piece must be used before `each` returns. Throws `intake.incomplete` where one is missing, RangeError for what is no id.
   */
  async stream(oids: readonly Oid[], each: (info: ObjectInfo, piece: Uint8Array | null) => void): Promise<void> {
    this.#check(oids);
    return this.#inTurn(async () => {
      for (let at = 0; at < oids.length; at += BATCH) {
        const batch = oids.slice(at, at + BATCH);
        await this.#ask(batch, "contents");
        for (const oid of batch) {
          const info = await this.#header(oid);
          if (info === null) throw new MaestroError("intake.incomplete", `object ${oid} is not there`);
          const whole = this.#bytes.exactlyNow(info.size);
          if (whole !== null) each(info, whole);
          else for await (const piece of this.#bytes.pieces(info.size)) each(info, piece);
          await this.#newline();
          each(info, null);
        }
      }
    });
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener("abort", this.#abort);
    this.#failure ??= new MaestroError("internal.bug", "this object reader is closed");
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #readBatch(oids: readonly Oid[], bytes_max: number): Promise<ObjectRead[]> {
    const infos = await this.#infos(oids);
    await this.#ask(infos.flatMap((info) => (info !== null && info.size <= bytes_max ? [info.oid] : [])), "contents");
    const found: ObjectRead[] = [];
    for (const [at, info] of infos.entries()) {
      if (info === null) found.push({ result: "missing", oid: oids[at] ?? "" });
      else if (info.size > bytes_max) found.push({ result: "too_large", info });
      else {
        await this.#header(info.oid);
        const content = this.#bytes.exactlyNow(info.size)?.slice() ?? (await this.#bytes.exactly(info.size));
        await this.#newline();
        found.push({ result: "read", info, content });
      }
    }
    return found;
  }

  async #infos(oids: readonly Oid[]): Promise<(ObjectInfo | null)[]> {
    const found: (ObjectInfo | null)[] = [];
    for (let at = 0; at < oids.length; at += BATCH) {
      const batch = oids.slice(at, at + BATCH);
      await this.#ask(batch, "info");
      for (const oid of batch) found.push(await this.#header(oid));
    }
    return found;
  }

  /** Before anything is written: a line break in an id would be a second command. */
  #check(oids: readonly Oid[]): void {
    for (const oid of oids) assertOid(oid, this.dir.object_format);
  }

  async #ask(oids: readonly Oid[], command: "info" | "contents"): Promise<void> {
    if (oids.length === 0) return;
    await this.#child.stdin.write(`${oids.map((oid) => `${command} ${oid}\n`).join("")}flush\n`);
    await this.#child.stdin.flush();
  }

  /** `<oid> SP <type> SP <size>` or `<oid> SP missing` (git-cat-file, "batch output"). */
  async #header(oid: Oid): Promise<ObjectInfo | null> {
    const line = this.#bytes.lineNow() ?? (await this.#bytes.line(LINE_BYTES_MAX));
    const [name, type, size] = line.split(" ");
    if (name !== oid) throw new MaestroError("git.failed", `asked for ${oid}, git answered for another object`);
    if (type === "missing") return null;
    if (type !== "blob" && type !== "tree" && type !== "commit" && type !== "tag") throw new MaestroError("git.failed", `object ${oid} has no known type`);
    return { oid, type, size: Number(size) };
  }

  /** Follows each object's content. */
  async #newline(): Promise<void> {
    if (this.#bytes.exactlyNow(1) === null) await this.#bytes.exactly(1);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(async () => {
      if (this.#failure !== undefined) throw this.#failure;
      try {
        return await work();
      } catch (error) {
        this.#fail(await this.#explain(error));
        throw this.#failure;
      }
    });
    this.#turn = mine.then(
      () => undefined,
      () => undefined,
    );
    return mine;
  }

  async #explain(error: unknown): Promise<MaestroError> {
    if (this.#failure !== undefined) return this.#failure;
    const broken = errno(error) === "EPIPE" || (error instanceof MaestroError && error.code === "git.failed");
    if (!broken) return error instanceof MaestroError ? error : new MaestroError("internal.bug", "reading git objects", { cause: error });
    this.#child.kill("SIGKILL");
    await Promise.all([this.#child.exited, this.#stderr.ended]);
    const words = this.#stderr.text() || (error instanceof Error ? error.message : "");
    return new MaestroError("git.failed", lastWords(words), { cause: error });
  }

  #fail(reason: MaestroError): void {
    this.#failure ??= reason;
    this.#child.kill("SIGKILL");
  }
}

function spawn(cmd: string[], env: Record<string, string>, cwd: string): Bun.Subprocess<"pipe", "pipe", "pipe"> {
  try {
    return Bun.spawn({ cmd, env, cwd, stdin: "pipe", stdout: "pipe", stderr: "pipe" });
  } catch (cause) {
    throw new MaestroError("git.failed", `git could not be started in ${cwd}`, { cause });
  }
}
