import { asItWas, exactly } from "./exact.ts";

/** A program in any language: {init} and {step, action, args} go in, one JSON object a line, and {state} or {error} comes out for each. */
export class LineTarget {
  #child: Bun.Subprocess<"pipe", "pipe", "inherit"> | null = null;
  #lines: AsyncGenerator<string> | null = null;
  #step = 0;

  constructor(
    private readonly argv: readonly string[],
    private readonly cwd: string,
  ) {}

  /** One that died in the case before is started again. */
  init(): Promise<unknown> {
    if (this.#child === null || this.#child.exitCode !== null || this.#child.signalCode !== null) {
      this.#child = Bun.spawn([...this.argv], { cwd: this.cwd, stdin: "pipe", stdout: "pipe", stderr: "inherit" });
      this.#lines = lines(this.#child.stdout);
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
    const line = await this.#answer(`${JSON.stringify(message, exactly)}\n`);
    const reply = JSON.parse(line, asItWas) as { readonly state?: unknown; readonly error?: unknown };
    if (typeof reply.state !== "object" || reply.state === null) throw new Error(`the program answers ${String(reply.error ?? line).slice(0, 500)}`);
    return reply.state;
  }

  /** What it is told may already find it dead, or its answer may not come: both mean the same. */
  async #answer(told: string): Promise<string> {
    let line: string | undefined;
    let cause: unknown;
    try {
      this.#child?.stdin.write(told);
      await this.#child?.stdin.flush();
      line = (await this.#lines?.next())?.value as string | undefined;
    } catch (error) {
      cause = error;
    }
    if (line !== undefined) return line;
    // The next case starts a new one, so this one has to be gone.
    this.stop();
    await this.#child?.exited;
    throw new Error("the program ended without an answer", { cause });
  }
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}
