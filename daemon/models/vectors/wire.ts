/** What the index process and the core say to each other. A space is known to it by its id alone. */
import { Type, type Static } from "@sinclair/typebox";
import { Base64, Choice, Closed, Count, Sha256Hex } from "../../../proto/scalar.ts";

/** Rows of one frame: 5 MB of text at 768 dimensions, and half a second of adding to an index. */
export const ROWS_MAX = 512;
/** Neighbours of one question; with a filter more may be asked for, and then the question is put again with twice as many. */
export const FOUND_MAX = 65_536;

export const IndexSetup = Closed({ engine_folder: Type.String({ maxLength: 4_096 }), folder: Type.String({ maxLength: 4_096 }) });
export type IndexSetup = Static<typeof IndexSetup>;

/** `usearch` is null where it is not installed: then every space is searched row by row. */
export const IndexOpened = Closed({ usearch: Type.Union([Type.String({ maxLength: 64 }), Type.Null()]) });
export type IndexOpened = Static<typeof IndexOpened>;

const Space = { space: Sha256Hex };
const Ids = Type.Array(Count, { maxItems: ROWS_MAX });
/** How a space is searched: row by row, or by a graph of neighbours. */
export const Way = Choice(["exact", "graph"]);
export type Way = Static<typeof Way>;

export const IndexJob = Type.Union([
  Closed({ do: Type.Literal("open"), ...Space, way: Way, dimensions: Type.Integer({ minimum: 1, maximum: 65_536 }), file: Type.Union([Sha256Hex, Type.Null()]) }),
  Closed({ do: Type.Literal("add"), ...Space, ids: Ids, halves: Base64 }),
  Closed({ do: Type.Literal("remove"), ...Space, ids: Ids }),
  Closed({ do: Type.Literal("search"), ...Space, query: Base64, k: Type.Integer({ minimum: 1, maximum: FOUND_MAX }) }),
  Closed({ do: Type.Literal("write"), ...Space }),
  Closed({ do: Type.Literal("name"), ...Space }),
  Closed({ do: Type.Literal("close"), ...Space }),
]);
export type IndexJob = Static<typeof IndexJob>;

/** `open` is false of a space that the process does not hold, as after it was started anew. `bytes`: of memory that the space takes, about. */
export const IndexReply = Closed({
  open: Type.Boolean(),
  from_file: Type.Optional(Type.Boolean()),
  bytes: Type.Optional(Count),
  found: Type.Optional(Type.Array(Count, { maxItems: FOUND_MAX })),
  sha256: Type.Optional(Sha256Hex),
});
export type IndexReply = Static<typeof IndexReply>;
