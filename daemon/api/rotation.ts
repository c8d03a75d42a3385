/** The route by which an operator changes the log's key. */
import { LogRotateReply, LogRotateRequest } from "../../proto/log.ts";
import type { Evidence } from "../evidence/index.ts";
import { route, type Route } from "./route.ts";

export interface RotationRouteDeps {
  readonly evidence: Pick<Evidence, "rotateLog">;
  readonly body_bytes_max: number;
}

export function rotationRoutes({ evidence, body_bytes_max }: RotationRouteDeps): Route[] {
  return [
    route("rotateLog", {
      access: "operator",
      summary: "Make the log's next key, go on under it, or both; an entry of the log says so",
      params: {},
      request: LogRotateRequest,
      reply: LogRotateReply,
      body_bytes_max,
      handle: ({ body }) => evidence.rotateLog(body.step),
    }),
  ];
}
