/** What core and launcher say to each other, in frames of platform/process. Results come in pieces, so that a frame can be small and a file large. */
import { type Static, Type } from "@sinclair/typebox";
import { SandboxLimits } from "../../../proto/config.ts";
import { validatorOf } from "../process/envelope.ts";
import { TAIL_BYTES_MAX } from "./job.ts";

const closed = { additionalProperties: false } as const;
const Path = Type.String({ minLength: 1, maxLength: 4_096, pattern: "^[^\\u0000]*$" });
const Text = Type.String({ pattern: "^[^\\u0000]*$" });
const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const Tier = Type.Union([Type.Literal("bwrap"), Type.Literal("runsc")]);

export const WireJob = Type.Object(
  {
    argv: Type.Array(Text, { minItems: 1, maxItems: 4_096 }),
    cwd: Path,
    tree_dir: Path,
    mounts: Type.Array(Type.Object({ host: Path, inside: Path }, closed), { maxItems: 64 }),
    env: Type.Record(Type.String({ pattern: "^[^=\\u0000]+$" }), Text),
    stdin: Type.Union([Type.String({ contentEncoding: "base64" }), Type.Null()]),
    wanted: Type.Array(Type.Object({ path: Type.String({ maxLength: 4_096 }), bytes_max: Count }, closed), { maxItems: 256 }),
    tail_bytes_max: Type.Integer({ minimum: 0, maximum: TAIL_BYTES_MAX }),
    tier: Tier,
    limits: SandboxLimits,
  },
  closed,
);
export type WireJob = Static<typeof WireJob>;

/** Where the launcher looks, and what no job may see; from the core, not from a job. */
const Place = Type.Object(
  {
    /** Folders in which `bwrap` and `runsc` are looked for. */
    tools: Type.Array(Path),
    /** Neither mounted nor below or above anything mounted: the daemon's state, keys and sockets. */
    private_paths: Type.Array(Path),
    /** Folders below a private path that may be mounted all the same. */
    work_paths: Type.Array(Path),
  },
  closed,
);
export type Place = Static<typeof Place>;

export const Order = Type.Union([
  Type.Object({ kind: Type.Literal("run"), place: Place, job: WireJob }, closed),
  Type.Object({ kind: Type.Literal("probe"), place: Place, tier: Tier }, closed),
]);
export type Order = Static<typeof Order>;

/** Of a piece, before it is base64. */
export const PIECE_BYTES_MAX = 64 * 1024;
/** All files of one run together: the launcher holds them until they are sent. */
export const COLLECTED_BYTES_MAX = 256 * 1024 * 1024;

/** A piece of the tail of a stream, or of the wanted file at that place of the list. */
const Piece = Type.Object({ of: Type.Union([Type.Literal("stdout"), Type.Literal("stderr"), Count]), base64: Type.String() }, closed);
export type Piece = Static<typeof Piece>;

/** What a job has used up to now. */
const SoFar = Type.Object({ cpu_us: Count }, closed);

export const News = Type.Union([Piece, SoFar]);
export type News = Static<typeof News>;

const limitNames = Object.keys(SandboxLimits.properties) as (keyof SandboxLimits)[];

export const Ended = Type.Object(
  {
    end: Type.Union([
      Type.Object({ kind: Type.Literal("exit"), code: Type.Integer() }, closed),
      Type.Object({ kind: Type.Literal("signal"), signal: Type.String() }, closed),
      Type.Object({ kind: Type.Literal("limit"), limit: Type.Union(limitNames.map((name) => Type.Literal(name))) }, closed),
    ]),
    files: Type.Array(
      Type.Union([
        Type.Object({ state: Type.Literal("read") }, closed),
        Type.Object({ state: Type.Literal("absent") }, closed),
        Type.Object({ state: Type.Literal("refused"), because: Type.String() }, closed),
      ]),
    ),
    usage: Type.Object({ wall_us: Count, cpu_us: Count, memory_bytes_max: Count }, closed),
  },
  closed,
);
export type Ended = Static<typeof Ended>;

export const Probed = Type.Union([
  Type.Object({ usable: Type.Literal(true), version: Type.String() }, closed),
  Type.Object({ usable: Type.Literal(false), because: Type.String(), remedy: Type.String() }, closed),
]);
export type Probed = Static<typeof Probed>;

export const orderOf = validatorOf(Order);
export const newsOf = validatorOf(News);
export const endedOf = validatorOf(Ended);
export const probedOf = validatorOf(Probed);
