/**
 * A repository's own code as examples of how it writes: pieces that a check process listed and masked, found again by what they mean.
 * Each lies in the space of one owner and one repository, and nothing looks into two.
 */
import { createHash } from "node:crypto";
import { Type, type Static } from "@sinclair/typebox";
import { MaestroError } from "../../../proto/errors.ts";
import type { Embedded } from "../../../proto/model-work.ts";
import type { HunksReply } from "../../../proto/worker-beside.ts";
import { Closed, Count, GitOid } from "../../../proto/scalar.ts";
import type { Store } from "../../store/db.ts";
import { unlessCorrupt } from "../../store/failure.ts";
import type { Table } from "../../store/table.ts";
import type { VectorSpace, Vectors } from "../vectors/index.ts";

/** Of one repository; the oldest go. Below the number from which an index file is kept, so that what goes is gone at once. */
const KEPT_MAX = 2_000;
/** Texts that are embedded between two looks at whether the request was given up. */
const BATCH = 32;
/** Texts that are looked at between two turns of the daemon's loop: 10 ms of work. */
const LOOKED_AT_ONCE = 512;

const Text = Closed({ language: Type.String({ maxLength: 32 }), commit: GitOid, at_s: Count, text: Type.String({ maxLength: 1_400 }) });

export interface Exemplar {
  readonly sha256: string;
  readonly language: string;
  readonly commit: string;
  /** Masked where it was written, and still a stranger's words: whoever puts it into a prompt marks it as data. */
  readonly text: string;
  readonly score: number;
}

/** Whose code it is. */
export interface ExemplarOwner {
  readonly owner: string;
  readonly repository: string;
}

export interface ExemplarDeps {
  readonly store: Pick<Store, "atomic">;
  /** Opened once, whatever model comes after another. */
  readonly texts: TextTable;
  readonly vectors: Pick<Vectors, "put" | "has" | "remove" | "search" | "oldest" | "count">;
  readonly embed: (texts: readonly string[], options?: { readonly signal?: AbortSignal }) => Promise<Pick<Embedded, "vectors" | "model_digest">>;
  /** The embedding model that is configured. */
  readonly model: { readonly digest: string; readonly dimensions: number };
  readonly now_s: () => number;
  readonly kept_max?: number;
}

/** Purpose of the spaces, and of nothing else in them. */
const OF = "exemplars";

/** By owner, repository and digest. */
export type TextTable = Table<readonly [string, string, string], Static<typeof Text>>;

export const openTextTable = (store: Pick<Store, "table">): TextTable => store.table<readonly [string, string, string], typeof Text>("exemplars.texts", Text);

/**
 * Texts from before that second go, whatever model found them, and so do those that cannot be read, as nobody knows from when they are: what was wrong
 * with the first of these; null where there was none. Their vectors go by `Vectors.expire`.
 */
export async function expireTexts(store: Pick<Store, "atomic">, texts: TextTable, before_s: number): Promise<MaestroError | null> {
  let damage: MaestroError | null = null;
  await removeTexts(store, texts, () => (key) => {
    const text = unlessCorrupt(() => texts.get(key), (error) => (damage ??= error));
    return text === undefined || text.at_s < before_s;
  });
  return damage;
}

/** Texts that no vector leads to go, readable or not: the model that found them is gone, and nobody would find them again. */
export function forgetTexts(store: Pick<Store, "atomic">, texts: TextTable, vectors: Pick<Vectors, "has" | "spacesOf">): Promise<void> {
  return removeTexts(store, texts, () => {
    const spaces = Map.groupBy(vectors.spacesOf(OF), ({ owner, repository }) => JSON.stringify([owner, nameOf(repository)]));
    // A vector that is damaged may be the one that leads there.
    return ([owner, repository, sha256]) => !(spaces.get(JSON.stringify([owner, repository])) ?? []).some((space) => unlessCorrupt(() => vectors.has(space, sha256)) ?? true);
  });
}

type TextKey = readonly [string, string, string];

/** A few at a time, each judged where it goes at once: what others learn in between stays. `going` is asked anew for each few. */
async function removeTexts(store: Pick<Store, "atomic">, texts: TextTable, going: () => (key: TextKey) => boolean): Promise<void> {
  const begun = new Set<string>();
  for (let start: TextKey | undefined; ; ) {
    const page: readonly TextKey[] = [...texts.keys({ limit: LOOKED_AT_ONCE, ...(start === undefined ? {} : { start }) })];
    const gone = page.filter(going());
    if (gone.length > 0) store.atomic(() => gone.forEach((key) => texts.remove(key)));
    if (page.length < LOOKED_AT_ONCE) return;
    // From the last one on, which is looked at once more. One that is damaged may lead back.
    start = page.at(-1);
    if (begun.has(JSON.stringify(start))) throw new MaestroError("store.corrupt", `table ${texts.name}: its keys are in no order behind ${JSON.stringify(start)}`);
    begun.add(JSON.stringify(start));
    await Bun.sleep(0);
  }
}

/** A repository's id may be longer than a key. */
const nameOf = (repository: string): string => createHash("sha256").update(repository).digest("hex");

export class Exemplars {
  readonly #deps: ExemplarDeps;
  readonly #texts: TextTable;

  constructor(deps: ExemplarDeps) {
    this.#deps = deps;
    this.#texts = deps.texts;
  }

  /** Those that are new are embedded and kept, the oldest go; how many are new. Throws as embedding does. */
  async learn(whose: ExemplarOwner, hunks: HunksReply["hunks"], signal?: AbortSignal): Promise<number> {
    const { vectors, store, embed, now_s, kept_max = KEPT_MAX } = this.#deps;
    const space = this.#space(whose);
    // The newest are named first, and the newest to come are the last to go.
    const fresh = hunks.slice(0, kept_max).filter(({ sha256 }) => this.#text(whose, sha256) === undefined || !vectors.has(space, sha256)).reverse();
    for (let at = 0; at < fresh.length; at += BATCH) {
      const batch = fresh.slice(at, at + BATCH);
      const made = await embed(batch.map(({ text }) => text), signal === undefined ? {} : { signal });
      const under: VectorSpace = { ...space, model_digest: made.model_digest };
      store.atomic(() => {
        vectors.put(under, batch.map(({ sha256 }, place) => ({ key: sha256, text_sha256: sha256, vector: made.vectors[place] ?? new Float32Array() })));
        for (const { sha256, language, commit, text } of batch) this.#texts.put(this.#key(whose, sha256), { language, commit, text, at_s: now_s() });
      });
      this.#makeRoom(whose, under, kept_max);
    }
    return fresh.length;
  }

  /** The `k` nearest of that repository, nearest first. Throws as embedding and searching do. */
  async nearest(whose: ExemplarOwner, text: string, k: number, { language, signal }: { readonly language?: string; readonly signal?: AbortSignal } = {}): Promise<Exemplar[]> {
    const { vectors, embed } = this.#deps;
    // No model is started to look for what is not there.
    if (vectors.count(this.#space(whose)) === 0) return [];
    const { vectors: [query], model_digest } = await embed([text], signal === undefined ? {} : { signal });
    if (query === undefined) return [];
    const fits = (sha256: string): boolean => {
      const kept = this.#text(whose, sha256);
      return kept !== undefined && (language === undefined || kept.language === language);
    };
    const hits = await vectors.search({ ...this.#space(whose), model_digest }, query, k, { accept: fits });
    return hits.flatMap(({ key, score }) => {
      const kept = this.#text(whose, key);
      return kept === undefined ? [] : [{ sha256: key, language: kept.language, commit: kept.commit, text: kept.text, score }];
    });
  }

  #space({ owner, repository }: ExemplarOwner): VectorSpace {
    const { digest, dimensions } = this.#deps.model;
    return { owner, repository, of: OF, model_digest: digest, dimensions };
  }

  #key({ owner, repository }: ExemplarOwner, sha256: string): readonly [string, string, string] {
    return [owner, nameOf(repository), sha256];
  }

  /** One that is damaged is none: it is shown to nobody, and written anew when it is read again. */
  #text(whose: ExemplarOwner, sha256: string): Static<typeof Text> | undefined {
    return unlessCorrupt(() => this.#texts.get(this.#key(whose, sha256)));
  }

  #makeRoom(whose: ExemplarOwner, space: VectorSpace, kept_max: number): void {
    const { vectors, store } = this.#deps;
    const over = vectors.count(space) - kept_max;
    if (over <= 0) return;
    const keys = vectors.oldest(space, over);
    store.atomic(() => {
      vectors.remove(space, keys);
      for (const key of keys) this.#texts.remove(this.#key(whose, key));
    });
  }
}
