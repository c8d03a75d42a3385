/** Releases on record, by the head they are bound to. The signed statement is a blob; a row says where it is. */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Static } from "@sinclair/typebox";
import { canonicalBytes } from "../../proto/canonical.ts";
import { toHex } from "../../proto/encoding.ts";
import { OciDigest } from "../../proto/oci.ts";
import { Closed, Count, Sha256Hex } from "../../proto/scalar.ts";
import type { Store } from "./db.ts";

const ReleaseRow = Closed({ log_index: Count, statement_sha256: Sha256Hex, bundle: OciDigest });
export type ReleaseRow = Static<typeof ReleaseRow>;

/** What a release is bound to: a push makes another head, and another target is another question. */
export interface ReleasePlace {
  readonly repo_id: string;
  readonly target_ref: string;
  readonly head: string;
}

export interface ReleaseTable {
  /** Inside `Store.atomic`. */
  add(place: ReleasePlace, row: ReleaseRow): void;
  /** Oldest first, at most `RELEASES_MAX`. */
  of(place: ReleasePlace): readonly ReleaseRow[];
  /** Among all of them, however many. */
  has(place: ReleasePlace, statement_sha256: string): boolean;
  all(): Generator<{ readonly key: readonly [string, number]; readonly row: ReleaseRow }, void>;
  /** Inside `Store.atomic`. */
  remove(key: readonly [string, number]): void;
}

/** Of one head: more than any rule asks for, and few enough to be read for each gate. */
const RELEASES_MAX = 64;

export const RELEASE_MEDIA_TYPE = "application/vnd.maestro.release.v1+json";
const NAME_CHARACTERS = 32;
export const releaseArtifactName = (statement_sha256: string): string => `release-${statement_sha256.slice(0, NAME_CHARACTERS)}`;

/** Names may be longer than a key of LMDB. */
export const placeKey = ({ repo_id, target_ref, head }: ReleasePlace): string => toHex(sha256(canonicalBytes({ repo_id, target_ref, head })));

export function openReleases(store: Store): ReleaseTable {
  const rows = store.table<readonly [string, number], typeof ReleaseRow>("releases", ReleaseRow);
  const all = (key: string) => [...rows.entries({ start: [key, 0], end: [key, Number.MAX_SAFE_INTEGER] })];
  const last = (key: string): number => all(key).at(-1)?.key[1] ?? 0;
  return {
    add(place, row) {
      const key = placeKey(place);
      rows.put([key, last(key) + 1], row);
    },
    has: (place, statement_sha256) => all(placeKey(place)).some(({ value }) => value.statement_sha256 === statement_sha256),
    *all() {
      for (const { key, value: row } of rows.entries()) yield { key, row };
    },
    remove: (key) => void rows.remove(key),
    of: (place) => all(placeKey(place)).map(({ value }) => value).slice(-RELEASES_MAX),
  };
}
