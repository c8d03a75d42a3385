/** How the core reaches a helper: a child of its own, or the socket of a unit. Either way one conversation has one helper process. */
import { MaestroError } from "../../proto/errors.ts";
import { ChatPiece } from "../../proto/chat.ts";
import { EgressReply, type EgressJob } from "../../proto/egress.ts";
import { Connected } from "../platform/process/connected.ts";
import { validatorOf } from "../platform/process/envelope.ts";
import type { WorkerPool } from "../platform/pool/pool.ts";

const replyOf = validatorOf(EgressReply);
const pieceOf = validatorOf(ChatPiece);
/** A model's whole text is the largest answer. */
const FRAME_BYTES_MAX = 2 * 1024 * 1024;
/** Of all frames of one question: a model's pieces, each in a frame, and then the whole. */
const REPLY_BYTES_MAX = 16 * 1024 * 1024;
const CONNECT_MS = 2_000;

export interface Talk extends AsyncDisposable {
  /** Throws `egress.failed` or `egress.timeout` where the helper itself is at fault; a remote's refusal is a reply. */
  ask(job: EgressJob, deadline_ms: number, piece?: (text: string) => void): Promise<EgressReply>;
}

export interface Link {
  /** `spent` is told what the helper used, once it is gone; of one in a unit of its own nothing is known. */
  open(signal: AbortSignal | undefined, spent: (used: { readonly cpu_us: number }) => void): Promise<Talk>;
  close(): Promise<void>;
}

const progressTo = (piece: ((text: string) => void) | undefined) => (piece === undefined ? {} : { progress: { validate: pieceOf, take: ({ text }: ChatPiece) => piece(text) } });

/** The daemon's supervisor starts a helper for each conversation. */
export function childLink(pool: WorkerPool): Link {
  return {
    async open(signal, spent) {
      const lease = await pool.lease(signal).catch((error: unknown) => Promise.reject(helperFault(error)));
      let told = false;
      // Twice where a caller leaves.
      const release = async (): Promise<void> => {
        await lease.release();
        if (!told) spent(lease.usage());
        told = true;
      };
      return {
        ask: (job, deadline_ms, piece) => lease.run(job, { validate: replyOf, deadline_ms, ...progressTo(piece) }).catch((error: unknown) => Promise.reject(helperFault(error))),
        [Symbol.asyncDispose]: release,
      };
    },
    close: () => pool.drain(0),
  };
}

/** The service manager starts one for each connection. */
export function socketLink(path: string): Link {
  return {
    async open() {
      const helper = new Connected({ path, what: "egress helper", limits: { ready_deadline_ms: CONNECT_MS, reply_bytes_max: REPLY_BYTES_MAX, frame_bytes_max: FRAME_BYTES_MAX }, absent });
      await helper.ready.catch((error: unknown) => Promise.reject(helperFault(error)));
      return {
        ask: (job, deadline_ms, piece) => helper.run(job, { validate: replyOf, deadline_ms, ...progressTo(piece) }).catch((error: unknown) => Promise.reject(helperFault(error))),
        [Symbol.asyncDispose]: () => helper.kill(),
      };
    },
    close: () => Promise.resolve(),
  };
}

const absent = (detail: string, cause?: unknown): MaestroError => new MaestroError("worker.crashed", `${detail}; systemctl enable --now maestro-egress.socket`, { cause });

function helperFault(error: unknown): unknown {
  if (!(error instanceof MaestroError) || error.code === "request.cancelled" || error.code === "daemon.draining") return error;
  return new MaestroError(error.code === "worker.deadline" ? "egress.timeout" : "egress.failed", `the egress helper: ${error.row.sentence} (${error.detail})`, { cause: error });
}
