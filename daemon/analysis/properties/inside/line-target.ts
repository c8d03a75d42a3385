import { asItWas, exactly } from "./exact.ts";

const SAID_CHARACTERS_MAX = 500;
const LAST_WORDS_MS = 100;

/** Lines of a stream, kept until somebody asks. */
class Lines {
  readonly #kept: string[] = [];
  #asked: ((line: string | null) => void) | null = null;
  #ended = false;
  /** How all of it begins and how it ends: an error's name stands first in one language and last in another. */
  #head = "";
  #tail = "";
  /** When there is no more. */
  readonly over: Promise<void>;

  constructor(stream: ReadableStream<Uint8Array>) {
    const end = (): void => {
      this.#ended = true;
      this.#asked?.(null);
    };
    this.over = this.#read(stream).then(end, end);
  }

  get said(): string {
    return `${this.#head}${this.#tail.length < SAID_CHARACTERS_MAX ? "" : " … "}${this.#tail}`.trim();
  }

  get unasked(): string | undefined {
    return this.#kept[0];
  }

  /** `null` once there are no more. One at a time. */
  next(): Promise<string | null> {
    const line = this.#kept.shift();
    return line !== undefined || this.#ended ? Promise.resolve(line ?? null) : new Promise((resolve) => (this.#asked = resolve));
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of stream) {
      const text = decoder.decode(chunk, { stream: true });
      const room = SAID_CHARACTERS_MAX - this.#head.length;
      this.#head += text.slice(0, room);
      this.#tail = (this.#tail + text.slice(room)).slice(-SAID_CHARACTERS_MAX);
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      this.#kept.push(...parts);
      if (this.#asked === null || this.#kept.length === 0) continue;
      const give = this.#asked;
      this.#asked = null;
      give(this.#kept.shift() ?? null);
    }
  }
}

/** A program in any language: {init} and {step, action, args} go in, one JSON object a line, and {state} or {error} comes out for each. */
export class LineTarget {
  #child: Bun.Subprocess<"pipe", "pipe", "pipe"> | null = null;
  #answers: Lines | null = null;
  #words: Lines | null = null;
  #step = 0;

  constructor(
    private readonly argv: readonly string[],
    private readonly cwd: string,
  ) {}

  /** One that died in the case before is started again. */
  async init(): Promise<unknown> {
    if (this.#child === null || this.#child.exitCode !== null || this.#child.signalCode !== null) {
      this.#child = Bun.spawn([...this.argv], { cwd: this.cwd, stdin: "pipe", stdout: "pipe", stderr: "pipe" });
      this.#answers = new Lines(this.#child.stdout);
      this.#words = new Lines(this.#child.stderr);
    }
    this.#step = 0;
    return this.#ask({ init: true });
  }

  step(_state: unknown, action: string, args: unknown): Promise<unknown> {
    this.#step += 1;
    return this.#ask({ step: this.#step, action, args });
  }

  stop(): void {
    this.#child?.kill("SIGKILL");
  }

  async #ask(message: object): Promise<unknown> {
    const early = this.#answers?.unasked;
    // An answer to an earlier question would be taken for one to this.
    if (early !== undefined) throw await this.#gone(`the program says more than it was asked: ${early.slice(0, SAID_CHARACTERS_MAX)}`);
    const line = await this.#answer(`${JSON.stringify(message, exactly)}\n`);
    const reply = JSON.parse(line, asItWas) as { readonly state?: unknown; readonly error?: unknown } | null;
    if (typeof reply?.state !== "object" || reply.state === null) throw new Error(`the program answers ${String(reply?.error ?? line).slice(0, SAID_CHARACTERS_MAX)}`);
    return reply.state;
  }

  /** What it is told may already find it dead, or its answer may not come: both mean the same. */
  async #answer(told: string): Promise<string> {
    let line: string | null | undefined;
    let cause: unknown;
    try {
      this.#child?.stdin.write(told);
      await this.#child?.stdin.flush();
      line = await this.#answers?.next();
    } catch (error) {
      cause = error;
    }
    if (typeof line === "string") return line;
    throw await this.#gone("the program ended without an answer", cause);
  }

  /** The next case starts a new one, so this one has to be gone. */
  async #gone(what: string, cause?: unknown): Promise<Error> {
    this.stop();
    await this.#child?.exited;
    await Promise.race([this.#words?.over, new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS))]);
    const said = this.#words?.said ?? "";
    return new Error(said === "" ? what : `${what}; on its standard error: ${said}`, { cause });
  }
}
