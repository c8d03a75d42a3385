/** A process behind a socket: the service manager starts one for each connection. It is held to the same as a child: frames, validation, deadlines. */
import type { Socket } from "bun";
import { MaestroError } from "../../../proto/errors.ts";
import { peerCredentials } from "../kernel/socket.ts";
import { Conversation, type ConversationLimits, type JobOptions } from "./conversation.ts";

const ROOT = 0;

export interface ConnectedOptions {
  readonly path: string;
  /** What it is, for the message: `launcher`. */
  readonly what: string;
  readonly limits: ConversationLimits;
  /** The failure where nobody answers, or somebody who should not. */
  readonly absent: (detail: string, cause?: unknown) => MaestroError;
}

/** Hanging up ends the process, whose input that is; that is all there is to `kill`. */
export class Connected {
  readonly ready: Promise<void>;
  readonly #options: ConnectedOptions;
  readonly #conversation: Conversation;
  #failure: MaestroError | undefined;
  #socket: Socket<undefined> | undefined;
  #unsent: Uint8Array = new Uint8Array(0);

  constructor(options: ConnectedOptions) {
    this.#options = options;
    this.#conversation = new Conversation({ what: options.what, limits: options.limits, send: (frame) => this.#send(frame), saidReady: () => this.#open(), fail: (error) => this.#end(error) });
    this.ready = this.#conversation.ready;
    void this.#connect();
  }

  get idle(): boolean {
    return this.#conversation.idle;
  }

  /** As `Child.run`. */
  async run<Reply, Progress = never>(job: unknown, options: JobOptions<Reply, Progress>): Promise<Reply> {
    if (this.#conversation.dead) throw this.#failure ?? new MaestroError("worker.crashed", "the connection was closed");
    return this.#conversation.ask(job, options);
  }

  async kill(): Promise<void> {
    this.#end(new MaestroError("worker.crashed", "the connection was closed"));
  }

  async #connect(): Promise<void> {
    const { path, what, absent } = this.#options;
    try {
      const socket = await Bun.connect({
        unix: path,
        socket: {
          data: (_, chunk) => this.#conversation.hear(chunk),
          drain: () => this.#flush(),
          close: () => this.#end(new MaestroError("worker.crashed", `the ${what} hung up`)),
          error: (_, error) => this.#end(new MaestroError("worker.crashed", `the connection broke: ${error.message}`, { cause: error })),
        },
      });
      if (this.#conversation.dead) return void socket.terminate();
      this.#socket = socket;
      checkOwner(this.#options, socket);
      this.#open();
    } catch (cause) {
      if (cause instanceof MaestroError) return this.#end(cause);
      this.#end(absent(`no ${what} answers on ${path}`, cause));
    }
  }

  /** Ready is who said so, and is known to be who it should be: `ready` may come before the connection is handed to us. */
  #open(): void {
    if (this.#socket !== undefined) this.#conversation.open();
  }

  #send(frame: Uint8Array): void {
    this.#unsent = frame;
    this.#flush();
  }

  #flush(): void {
    if (this.#unsent.length === 0) return;
    const sent = this.#socket?.write(this.#unsent) ?? 0;
    this.#unsent = this.#unsent.subarray(Math.max(0, sent));
  }

  #end(error: MaestroError): void {
    if (this.#conversation.dead) return;
    this.#failure = error;
    // First: hanging up is told to us at once, and the first reason wins.
    this.#conversation.end(error);
    this.#socket?.terminate();
  }
}

/** Whoever listens decides what the answers are: root's service manager, or this very user. The kernel noted who it is at listen(2). */
function checkOwner({ path, absent }: ConnectedOptions, socket: Socket<undefined>): void {
  const fd: unknown = Reflect.get(socket, "fd");
  let because = "has no descriptor";
  if (typeof fd === "number") {
    const { uid } = peerCredentials(fd);
    if (uid === ROOT || uid === process.getuid?.()) return;
    because = `is held by uid ${uid}, neither root nor the daemon's own user`;
  }
  throw absent(`${path} ${because}, so no job is given to it`);
}
