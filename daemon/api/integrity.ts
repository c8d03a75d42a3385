/** Routes of the operator's care: look at everything, copy it, remove what nobody needs. */
import { BackupReply, BackupRequest, FsckEvent, GcReply, GcRequest, ReleaseReply } from "../../proto/integrity.ts";
import { ShortText } from "../../proto/scalar.ts";
import { fsck, type Integrity } from "../integrity/index.ts";
import type { Clock } from "../platform/clock.ts";
import { route, type Route } from "./route.ts";

export interface IntegrityRouteDeps {
  readonly integrity: Pick<Integrity, "steps" | "gc" | "backup" | "release">;
  readonly clock: Pick<Clock, "monotonic_ms">;
  readonly body_bytes_max: number;
}

const OPERATOR = { access: "operator", params: {} } as const;

export function integrityRoutes({ integrity, clock, body_bytes_max }: IntegrityRouteDeps): Route[] {
  return [
    route("fsck", { ...OPERATOR, summary: "Look at everything that is kept, now; the report last", request: null, reply: FsckEvent, body_bytes_max: 0, handle: () => fsck(integrity.steps(), () => clock.monotonic_ms()) }),
    route("gc", { ...OPERATOR, summary: "Remove what nobody refers to any more, or only say what that is", request: GcRequest, reply: GcReply, body_bytes_max, handle: ({ body }) => integrity.gc(body.apply) }),
    route("backup", { ...OPERATOR, summary: "A consistent snapshot inside the state folder, to be copied away", request: BackupRequest, reply: BackupReply, body_bytes_max, handle: ({ body }) => integrity.backup(body.with_keys) }),
    route("releaseBackup", {
      ...OPERATOR,
      summary: "Remove a snapshot that was copied away",
      params: { name: ShortText },
      request: null,
      reply: ReleaseReply,
      body_bytes_max: 0,
      handle: async ({ params }) => ({ released: await integrity.release(params.name) }),
    }),
  ];
}
