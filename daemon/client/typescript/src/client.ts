import type { FailureEvent, GateResult, ProgressEvent } from "./contract/types.ts";
import { Methods } from "./contract/methods.ts";
import type { Route } from "./contract/routes.ts";
import { MaestroError } from "./error.ts";
import { documentOf, jsonLines } from "./lines.ts";
import { socketPath, type Environment } from "./location.ts";
import { planChange } from "./pack.ts";
import type { Events, Input, TransportOptions } from "./request.ts";
import { errorOf, Transport } from "./transport.ts";

export interface ChangeOptions {
  /** Id in the host's table: base and configuration then come from the operator's remote. Leave it away only with `local`. */
  readonly repository?: string;
  /** Take this clone's word for the base; only where the host allows mode local. */
  readonly local?: true;
  /** The change comes from strangers. */
  readonly fork?: boolean;
  /** Branch it would be merged into. Default: the repository's own. */
  readonly target?: string;
  /** Newest commit of the change. Default: HEAD. */
  readonly head?: string;
  /** A new attempt even where one stands. */
  readonly rerun?: boolean;
  readonly on_progress?: (event: ProgressEvent) => void;
  readonly signal?: AbortSignal;
}

export interface MaestroOptions extends TransportOptions {
  /** `process.env`: it says where the daemon is, and git gets PATH, HOME and XDG_CONFIG_HOME of it. */
  readonly env: Environment;
  /** Default: where the command line finds it, see `socketPath`. */
  readonly socket?: string;
}

/** The daemon behind one socket. */
export class Maestro extends Methods {
  readonly #transport: Transport;
  readonly #env: Environment;

  /** Throws `socket.path_too_long` and `cli.usage`; nothing is sent yet. */
  constructor({ env, socket = socketPath(env), ...options }: MaestroOptions) {
    super();
    this.#env = env;
    this.#transport = new Transport(socket, options);
  }

  /** Sends the change in the repository at `path` and waits for its verdict. Throws `MaestroError`; a verdict is never an error. */
  async gateChange(path: string, options: ChangeOptions): Promise<GateResult> {
    const { repository, local, fork = false, rerun, signal, on_progress } = options;
    if ((repository === undefined) !== (local === true)) throw new MaestroError("cli.usage", "name the host's repository, or say local: true to take this clone's word for the base");
    const cancel = signal === undefined ? {} : { signal };
    const plan = await planChange(path, { env: this.#env, ...(options.target === undefined ? {} : { target: options.target }), ...(options.head === undefined ? {} : { head: options.head }) });
    const { target_ref, head, object_format, cuts, tips } = plan;
    const target = repository === undefined ? plan.target : (await this.target({ repository, target_ref }, cancel)).target;
    const mode = repository === undefined ? "local" : fork ? "fork" : "host";
    const judge = async (): Promise<GateResult> => {
      const { intake_id } = await this.openIntake({ repository: repository ?? plan.repository, mode, object_format, cuts, tips }, cancel);
      await this.sendPack({ id: intake_id }, plan.pack, cancel);
      for await (const event of this.gate({ intake_id, target_ref, target, head, ...(rerun === true ? { rerun } : {}) }, cancel)) {
        if (event.event === "result") return event;
        on_progress?.(event);
      }
      throw new MaestroError("worker.protocol", "the reply ended without a decision");
    };
    try {
      return await judge();
    } catch (error) {
      // An intake lives in the daemon's memory: one that was restarted meanwhile is given it again, once.
      if (!(error instanceof MaestroError) || error.code !== "intake.unknown") throw error;
      return judge();
    }
  }

  protected async ask<R>(route: Route, input: Input): Promise<R> {
    const response = await this.#transport.send(route, input);
    const text = await this.#transport.text(response, input.signal);
    return (route.reply === "text" ? text : documentOf(text)) as R;
  }

  protected async *listen<E extends { readonly event: string }>(route: Route, input: Input): Events<E> {
    const response = await this.#transport.send(route, input);
    for await (const event of jsonLines(this.#transport.chunks(response, input.signal))) {
      if (!isEvent(event)) throw new MaestroError("worker.protocol", "a line of the reply is no event");
      if (isFailure(event)) throw errorOf(event.problem);
      yield event as Exclude<E, { readonly event: "failure" }>;
    }
  }
}

const isEvent = (event: unknown): event is { readonly event: string } => typeof event === "object" && event !== null && typeof Reflect.get(event, "event") === "string";
const isFailure = (event: { readonly event: string }): event is FailureEvent => event.event === "failure";
