/** The core's side of remote models: what it hands to the helper, one conversation for each question. */
import type { ChatJob, ChatReply } from "../../../proto/chat.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { egressLink, GRACE_MS, unexpected, type EgressDeps } from "../index.ts";
import type { Link } from "../link.ts";

export type RemoteQuestion = Omit<ChatJob, "kind" | "stream">;

export interface RemoteChat {
  /**
   * Throws `egress.*`, `models.busy`, `.context`, `.denied`, `.request`, `.unknown`, and `request.cancelled`: the helper then ends at once, and what the server
   * already made of the answer is not known once `onAsked` was called: a helper has the question then.
   */
  ask(question: RemoteQuestion, options?: { readonly signal?: AbortSignal; readonly onText?: (piece: string) => void; readonly onAsked?: () => void }): Promise<ChatReply>;
  close(): Promise<void>;
}

/** Starts nothing before it is asked. A sealed node refuses by name, configured or not. */
export function createRemoteChat(deps: EgressDeps): RemoteChat {
  const { modes, models } = deps.host;
  if (modes.includes("sealed")) return without(new MaestroError("egress.sealed", "mode sealed: models of this node answer, or none"));
  if ((models?.remote ?? []).length === 0) return without(new MaestroError("models.unknown", "the host configuration names no remote model; see docs/remote-models.md"));
  let link: Link | null = null;
  return {
    async ask(question, { signal, onText, onAsked } = {}) {
      link ??= egressLink(deps);
      if (signal?.aborted) throw left(signal);
      await using talk = await link.open(signal, () => undefined);
      const leave = (): void => void talk[Symbol.asyncDispose]();
      signal?.addEventListener("abort", leave, { once: true });
      try {
        onAsked?.();
        const reply = await talk.ask({ kind: "chat", ...question, stream: onText !== undefined }, question.deadline_ms + GRACE_MS, onText);
        if (reply.kind !== "chat") throw unexpected(reply);
        return reply;
      } catch (error) {
        throw signal?.aborted ? left(signal) : error;
      } finally {
        signal?.removeEventListener("abort", leave);
      }
    },
    close: async () => link?.close(),
  };
}

const left = (signal: AbortSignal): MaestroError => new MaestroError("request.cancelled", "the caller left", { cause: signal.reason });
const without = (why: MaestroError): RemoteChat => ({ ask: () => Promise.reject(why), close: () => Promise.resolve() });
