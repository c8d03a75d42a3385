/** Routes of `maestro build`: have a declared build run, and fetch what it left. No route takes provenance, or anything of what is signed but two names. */
import { BuildEvent, BuildFilesEvent, BuildRequest } from "../../proto/build-api.ts";
import { BuildId } from "../../proto/build.ts";
import type { Limits } from "../../proto/config.ts";
import { toBase64 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { BuildDesk } from "../gate/builds.ts";
import type { Artifacts } from "../store/artifacts.ts";
import { buildFilePieces, readBuild, type KeptBuild } from "../store/builds.ts";
import { maySee, type Principal, type Tenants } from "../tenants/index.ts";
import { enter, type EntryDeps } from "./entry.ts";
import { eventsOf } from "./events.ts";
import { route, type Route } from "./route.ts";

export interface BuildRouteDeps extends EntryDeps {
  readonly desk: Pick<BuildDesk, "submit">;
  readonly artifacts: Artifacts;
  readonly tenants: Pick<Tenants, "inLine" | "pay">;
  readonly limits: { readonly server: Pick<Limits["server"], "json_bytes_max"> };
  /** With its receipt under the newest witnessed checkpoint. */
  readonly reissued: (bundle: Uint8Array) => Uint8Array;
}

/** In base64 and its line well below what a connection buffers. */
const PIECE_BYTES = 48 * 1024;

/** The same words whether there is no such build or it is somebody else's. */
async function buildFor(artifacts: Artifacts, principal: Principal, id: string): Promise<KeptBuild> {
  const kept = await readBuild(artifacts, id);
  if (kept !== null && maySee(principal, { ...kept.row, head: kept.row.commit })) return kept;
  throw new MaestroError("request.not_found", `no build ${id}`);
}

/** Read as they are sent: one piece of one file is all that is held. */
async function* filesOf({ artifacts, reissued }: Pick<BuildRouteDeps, "artifacts" | "reissued">, { row, provenance }: KeptBuild): AsyncGenerator<BuildFilesEvent, void> {
  yield { event: "record", row, bundle: toBase64(reissued(provenance)) };
  for (const [file, { blob }] of row.files.entries()) {
    for await (const bytes of buildFilePieces(artifacts, blob, PIECE_BYTES)) yield { event: "piece", file, bytes: toBase64(bytes) };
  }
  yield { event: "end", build_id: row.build_id };
}

export function buildRoutes(deps: BuildRouteDeps): Route[] {
  const { desk, tenants, limits } = deps;
  return [
    route("build", {
      access: "gate",
      summary: "Run a build that trusted configuration declares over a commit's tree, in the sandbox; what it left, with provenance signed and logged, last",
      params: {},
      request: BuildRequest,
      reply: BuildEvent,
      body_bytes_max: limits.server.json_bytes_max,
      handle({ principal, body, signal }) {
        const intake = enter(deps, principal, body.intake_id, { head: body.commit, target_ref: body.target_ref });
        return eventsOf<BuildEvent>((emit, abort) => tenants.inLine(principal, () => desk.submit(intake, body, emit, abort, (worst, work) => tenants.pay(principal, worst, work))), signal);
      },
    }),
    route("buildFiles", {
      access: "findings",
      summary: "What a build left: its record and provenance, then its files piece by piece",
      params: { id: BuildId },
      request: null,
      body_bytes_max: 0,
      reply: BuildFilesEvent,
      handle: ({ principal, params }) => opened(deps, principal, params.id),
    }),
  ];
}

async function* opened(deps: Pick<BuildRouteDeps, "artifacts" | "reissued">, principal: Principal, id: string): AsyncGenerator<BuildFilesEvent, void> {
  yield* filesOf(deps, await buildFor(deps.artifacts, principal, id));
}
