/** What the launcher does with an order; the launcher of the tests does the same with something taken out. */
import { MaestroError } from "../../../../proto/errors.ts";
import { becomeSubreaper } from "../../kernel/process.ts";
import { placedJob } from "./places.ts";
import type { Removed } from "./protections.ts";
import { type Ran, runJob } from "./run.ts";
import { groundOf, probeTier } from "./tiers.ts";
import { type Ended, type News, type Order, type Piece, PIECE_BYTES_MAX, type Probed } from "../wire.ts";

let settled = false;

export async function carryOut(order: Order, removed: Removed, send: (news: News) => void): Promise<Ended | Probed> {
  if (!settled) becomeSubreaper();
  settled = true;
  if (order.kind === "probe") return probeTier(order.tier, order.place, removed);
  const ground = groundOf(order.place, removed);
  if (ground === null) throw new MaestroError("sandbox.unavailable", "bwrap is not there any more");
  const ran = await runJob(placedJob(order.job, order.place, removed), ground, (cpu_us) => send({ cpu_us }));
  return sendPieces(ran, send);
}

function sendPieces({ end, usage, stdout, stderr, files }: Ran, send: (news: News) => void): Ended {
  const cut = (of: Piece["of"], bytes: Uint8Array): void => {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES_MAX) send({ of, base64: Buffer.from(bytes.subarray(at, at + PIECE_BYTES_MAX)).toString("base64") });
  };
  cut("stdout", stdout);
  cut("stderr", stderr);
  for (const [index, file] of files.entries()) if (file.state === "read") cut(index, file.bytes);
  return { end, usage, files: files.map((file) => (file.state === "read" ? { state: "read" } : file)) };
}
