/** Answers written before there is a request, or in place of one, straight to the connection. */
import type { Socket } from "node:net";
import { ERRORS, type ErrorCode } from "../../../proto/errors.ts";
import { problem } from "../../../proto/problem.ts";

const REASON: Readonly<Record<number, string>> = { 400: "Bad Request", 403: "Forbidden", 408: "Request Timeout", 431: "Request Header Fields Too Large", 503: "Service Unavailable" };

/** Seconds after which a client turned away for load may come again. */
export const RETRY_AFTER_S = 1;

/** A whole HTTP/1.1 response with a problem document (RFC 9457) that ends the connection. */
export function refusalText(code: ErrorCode, detail: string, requestId: string): string {
  const { status } = ERRORS[code];
  const body = JSON.stringify(problem(code, detail, requestId));
  const head = [
    `HTTP/1.1 ${status} ${REASON[status] ?? "Refused"}`,
    "content-type: application/problem+json",
    `content-length: ${Buffer.byteLength(body)}`,
    `maestro-request-id: ${requestId}`,
    "connection: close",
  ];
  if (status === 503) head.push(`retry-after: ${RETRY_AFTER_S}`);
  return `${head.join("\r\n")}\r\n\r\n${body}`;
}

/**
 * Sends the answer, then reads and drops what the client is still sending:
 * closing a Unix socket with unread bytes makes the client see ECONNRESET
 * instead of the answer.
 */
export function refuse(socket: Socket, answer: string, linger_ms: number): void {
  const timer = setTimeout(() => socket.destroy(), linger_ms);
  socket.once("close", () => clearTimeout(timer));
  // A client that is already gone is no news.
  socket.on("error", () => socket.destroy());
  socket.resume();
  socket.end(answer);
}
