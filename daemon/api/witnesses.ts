/** Routes of witnesses: this node as one of others' logs (C2SP tlog-witness), and who cosigns its own. */
import { Type } from "@sinclair/typebox";
import type { WitnessLimits } from "../../proto/limits.ts";
import { MaestroError } from "../../proto/errors.ts";
import { concatBytes } from "../../proto/encoding.ts";
import { Sha256Hex } from "../../proto/scalar.ts";
import { WitnessesReply } from "../../proto/witness.ts";
import type { Witness } from "../witness/index.ts";
import { Plain, route, type Route } from "./route.ts";

export interface WitnessRouteDeps {
  readonly witness: Witness | null;
  readonly said: () => WitnessesReply;
  readonly limits: Pick<WitnessLimits, "submission_bytes_max">;
}

const TEXT = "text/plain; charset=utf-8";

async function bytesOf(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return concatBytes(...chunks);
}

/** Whoever can connect may submit: nobody is believed for who they are, only what a configured log's key signed. */
export function witnessRoutes({ witness, said, limits }: WitnessRouteDeps): Route[] {
  const required = (): Witness => {
    if (witness === null) throw new MaestroError("request.not_found", "this daemon witnesses no log; see witness in the host configuration");
    return witness;
  };
  return [
    route("addCheckpoint", {
      access: "open",
      summary: "Have a checkpoint of a configured log cosigned; body and answers are those of C2SP tlog-witness",
      params: {},
      request: null,
      reply: Type.String(),
      body_bytes_max: limits.submission_bytes_max,
      handle: async ({ peer, stream }) => {
        const { status, type, text } = await required().submit(peer.uid, await bytesOf(stream));
        return new Plain(status, type, text);
      },
    }),
    route("witnessedCheckpoint", {
      access: "open",
      summary: "The newest checkpoint of a log that this node cosigned, by the hash of the log's origin",
      params: { origin: Sha256Hex },
      request: null,
      reply: Type.String(),
      body_bytes_max: 0,
      handle({ params: { origin } }) {
        const found = required().checkpoint(origin);
        if (found === null) throw new MaestroError("request.not_found", "no checkpoint of that log was cosigned here");
        return new Plain(200, TEXT, found);
      },
    }),
    route("witnesses", { access: "any", summary: "Who cosigns this node's log and how far, and which logs it cosigns itself", params: {}, request: null, reply: WitnessesReply, body_bytes_max: 0, handle: () => said() }),
  ];
}
