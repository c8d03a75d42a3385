/** What is kept of an episode: the decision as it was made, never changed; its outcome beside it, once; and what finds them again. */
import { Type, type Static } from "@sinclair/typebox";
import { EpisodeOutcome, Redacted, Split } from "../../../proto/episode.ts";
import { Prices, ResourceAmounts } from "../../../proto/resource.ts";
import { ArmId, ARMS_MAX, Context, Forced, RewardDefinition, RouterId, Share } from "../../../proto/routing.ts";
import { Closed, Count, Sha256Hex } from "../../../proto/scalar.ts";
import type { Store } from "../../store/db.ts";
import type { Table } from "../../store/table.ts";

/** Milliseconds since 1970, and a number among those of one millisecond. */
export type EpisodeKey = readonly [number, number];

/** What a row has room for beside the rest; more of it goes into parts. */
const INLINE_BYTES_MAX = 1_000;
/** Characters of one part, at most three bytes each. */
const PART_CHARACTERS = 600;
export const REASON_CHARACTERS_MAX = 300;

const Large = Closed({ context: Context, eligible: Type.Array(Share, { minItems: 1, maxItems: ARMS_MAX }) });
export type Large = Static<typeof Large>;

export const EpisodeRow = Closed({
  router: RouterId,
  space: Type.String({ minLength: 1, maxLength: 128 }),
  split: Split,
  /** Null where it stands in that many parts. */
  large: Type.Union([Large, Type.Null()]),
  parts: Count,
  redacted: Redacted,
  drawn: ArmId,
  executed: ArmId,
  propensity: Type.Number({ exclusiveMinimum: 0, maximum: 1 }),
  forced: Type.Union([Forced, Type.Null()]),
  policy: Sha256Hex,
  seed: Type.String({ pattern: "^[0-9a-f]{32}$" }),
  counter: Count,
  epoch: Count,
  prices: Prices,
  reserved: ResourceAmounts,
  reason: Type.String({ maxLength: REASON_CHARACTERS_MAX }),
  /** As it stood when this was decided. */
  definition: RewardDefinition,
  until_ms: Count,
  /** Under which `episodes.keys` finds it; null where nobody gave it a name. */
  named: Type.Union([Sha256Hex, Type.Null()]),
});
export type EpisodeRow = Static<typeof EpisodeRow>;

const PartRow = Closed({ text: Type.String({ maxLength: PART_CHARACTERS }) });
/** `reported`: digest of the outcome as somebody sent it; null where its time was over. `executed`: another arm than the row says. */
export const OutcomeRow = Closed({ outcome: EpisodeOutcome, executed: Type.Union([ArmId, Type.Null()]), reported: Type.Union([Sha256Hex, Type.Null()]) });
export type OutcomeRow = Static<typeof OutcomeRow>;
const OpenRow = Closed({ router: RouterId });
/** `asked`: digest of what was asked under that name. */
const KeyRow = Closed({ at_ms: Count, n: Count, asked: Sha256Hex });
const SpaceRow = Closed({ episodes: Count });

export interface EpisodeTables {
  readonly rows: Table<EpisodeKey, EpisodeRow>;
  readonly parts: Table<readonly [number, number, number], Static<typeof PartRow>>;
  readonly outcomes: Table<EpisodeKey, OutcomeRow>;
  /** By the time until which an outcome counts. */
  readonly open: Table<readonly [number, number, number], Static<typeof OpenRow>>;
  readonly keys: Table<string, Static<typeof KeyRow>>;
  readonly spaces: Table<string, Static<typeof SpaceRow>>;
}

export function openEpisodeTables(store: Pick<Store, "table">): EpisodeTables {
  return {
    rows: store.table<EpisodeKey, typeof EpisodeRow>("episodes", EpisodeRow),
    parts: store.table<readonly [number, number, number], typeof PartRow>("episodes.parts", PartRow),
    outcomes: store.table<EpisodeKey, typeof OutcomeRow>("episodes.outcomes", OutcomeRow),
    open: store.table<readonly [number, number, number], typeof OpenRow>("episodes.open", OpenRow),
    keys: store.table<string, typeof KeyRow>("episodes.keys", KeyRow),
    spaces: store.table<string, typeof SpaceRow>("episodes.spaces", SpaceRow),
  };
}

/** Pieces of a text, none of which ends within a surrogate pair. */
export function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length; ) {
    const last = text.charCodeAt(at + PART_CHARACTERS - 1);
    const end = at + PART_CHARACTERS - (last >= 0xd800 && last <= 0xdbff ? 1 : 0);
    pieces.push(text.slice(at, end));
    at = end;
  }
  return pieces;
}

export const fitsInline = (bytes: number): boolean => bytes <= INLINE_BYTES_MAX;
