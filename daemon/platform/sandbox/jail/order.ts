/** What the launcher does with an order; the launcher of the tests does the same with something taken out. */
import { closeSync } from "node:fs";
import { MaestroError } from "../../../../proto/errors.ts";
import { becomeSubreaper } from "../../kernel/process.ts";
import { type Ended, type News, type Order, type Piece, PIECE_BYTES_MAX, type Probed } from "../wire.ts";
import { canStandBy, type Ground } from "./begin.ts";
import { piecesOf } from "./collect.ts";
import { placedJob } from "./places.ts";
import type { Removed } from "./protections.ts";
import { type Ran, runJob } from "./run.ts";
import { Standby } from "./standby.ts";
import { groundOf, probeTier } from "./tiers.ts";

let settled = false;
const standby = new Standby();

export async function carryOut(order: Order, removed: Removed, send: (news: News) => void): Promise<Ended | Probed> {
  if (!settled) becomeSubreaper();
  settled = true;
  const ground = groundOf(order.place, removed);
  try {
    if (order.kind === "probe") return await probeTier(order.tier, order.place, ground);
    if (ground === null) throw new MaestroError("sandbox.unavailable", "bwrap is not there any more");
    const job = placedJob(order.job, order.place, removed);
    const ready = canStandBy(job, ground) ? await standby.take(ground) : null;
    return sendPieces(await runJob(job, ground, ready, (cpu_us) => send({ cpu_us })), send);
  } finally {
    if (ground !== null) afterwards(ground);
  }
}

/** The answer leaves first. */
function afterwards(ground: Ground): void {
  setImmediate(() => standby.prepare(ground));
}

/** What was printed and left, in pieces; the jail is gone, and a launcher holds no more of a file than one of them. */
function sendPieces({ end, usage, stdout, stderr, files }: Ran, send: (news: News) => void): Ended {
  const sendPiece = (of: Piece["of"], bytes: Uint8Array): void => send({ of, base64: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64") });
  const cut = (of: Piece["of"], bytes: Uint8Array): void => {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES_MAX) sendPiece(of, bytes.subarray(at, at + PIECE_BYTES_MAX));
  };
  cut("stdout", stdout);
  cut("stderr", stderr);
  try {
    for (const [index, file] of files.entries()) if (file.state === "open") for (const piece of piecesOf(file, PIECE_BYTES_MAX)) sendPiece(index, piece);
  } finally {
    for (const file of files) if (file.state === "open") closeSync(file.fd);
  }
  return { end, usage, files: files.map((file) => (file.state === "open" ? { state: "read" } : file)) };
}
