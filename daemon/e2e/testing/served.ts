/** A running `maestro ui`, and one tab of it: what its page would send, without a browser. */
import { join } from "node:path";
import type { InvariantWritten, SessionReply } from "../../../proto/ui.ts";
import { CLI } from "../../testing/programs.ts";

type Child = Bun.Subprocess<"ignore" | "pipe", "pipe", "pipe">;

/** Lines that a program prints, one by one. */
async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

export class ServedUi implements AsyncDisposable {
  private readonly lines: AsyncGenerator<string, void>;
  private said_ = "";

  constructor(readonly child: Child) {
    this.lines = linesOf(child.stdout);
    void this.hear();
  }

  /** `maestro ui` of a person with that home, who has no configuration. */
  static start(home: string, args: readonly string[] = [], { cwd = home, env = {} }: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {}): ServedUi {
    const own = { HOME: home, XDG_STATE_HOME: join(home, "state"), PATH: "/usr/bin:/bin", LANG: "C.UTF-8", MAESTRO_CONFIG: join(home, "none") };
    return new ServedUi(Bun.spawn([process.execPath, CLI, "ui", ...args], { cwd, env: { ...own, ...env }, stdin: "pipe", stdout: "pipe", stderr: "pipe" }));
  }

  private async hear(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.child.stderr) this.said_ += decoder.decode(chunk, { stream: true });
  }

  /** What it said on stderr so far. */
  get said(): string {
    return this.said_;
  }

  /** The next link it prints; throws where it ends without. */
  async link(): Promise<URL> {
    const { value, done } = await this.lines.next();
    if (done === true) throw new Error(`maestro ui ended with ${await this.child.exited}: ${this.said_}`);
    return new URL(value);
  }

  /** Presses Enter, where its stdin is a pipe. */
  enter(): void {
    this.child.stdin?.write("\n");
    void this.child.stdin?.flush();
  }

  async tab(): Promise<Tab> {
    return Tab.of(await this.link());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGTERM");
    await this.child.exited;
  }
}

export class Tab {
  private constructor(
    readonly origin: string,
    private readonly key: string,
  ) {}

  /** Opens a link. */
  static async of(link: URL): Promise<Tab> {
    const reply = await fetch(new URL("/session", link), { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ token: link.hash.slice(1) }) });
    if (!reply.ok) throw new Error(await reply.text());
    return new Tab(link.origin, ((await reply.json()) as SessionReply).key);
  }

  ask(path: string, method = "GET", body?: unknown): Promise<Response> {
    const headers = { authorization: `Bearer ${this.key}`, ...(body === undefined ? {} : { "content-type": "application/json" }) };
    return fetch(this.origin + path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  }

  async json(path: string, method = "GET", body?: unknown): Promise<unknown> {
    return (await this.ask(path, method, body)).json();
  }

  async save(name: string, text: string, replaces: string | null): Promise<InvariantWritten> {
    return (await this.json(`/api/invariants/${name}`, "PUT", { text, replaces })) as InvariantWritten;
  }

  /** Every line of the reply. */
  async approve(nonce: string): Promise<unknown[]> {
    const text = await (await this.ask("/api/approve", "POST", { nonce })).text();
    return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as unknown);
  }
}
