/** Which questions were put to a router's episodes: each has less of delta than the one before, and the same question again is none. */
import { EPISODE_AHEAD_MS_MAX } from "../../../proto/episode.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { RewardDefinition } from "../../../proto/routing.ts";
import { Closed, Count, Sha256Hex } from "../../../proto/scalar.ts";
import type { Store } from "../../store/db.ts";

/** Whose episodes, of which router and reward, and the how manieth question, from 1. */
type Key = readonly [space: string, router: string, reward: string, nth: number];

const AskedRow = Closed({ asked: { ...Sha256Hex, description: "of candidate, router and rows" }, candidate: Sha256Hex, at_s: Count });
/** A question that has less of delta than this asks for would need more rows than anybody has. */
const QUESTIONS_MAX = 10_000;
/** A question was counted at some moment of its second, and a report may hold decisions that were dated ahead. */
const SPREAD_MS = 999 + EPISODE_AHEAD_MS_MAX;
/** Every tenant's: no tenant has this name. */
const EVERYBODY = "*";

export interface AskedQuestions {
  /** Which question this is. Durable before it is answered: a daemon that dies meanwhile has asked it. Throws `tenant.budget`. */
  nth(of: { readonly sees: string | null; readonly router: string; readonly reward: Named; readonly asked: string; readonly candidate: string }): number;
  /** Up to when decisions may stand in a report on another candidate, whoever asked for it, that whoever wrote this one could have read; null where there is none. In milliseconds. */
  reported(of: { readonly router: string; readonly reward: Named; readonly candidate: string }): number | null;
}

type Named = Pick<RewardDefinition, "name" | "version">;
const rewardOf = ({ name, version }: Named): string => `${name} ${version}`;

export function openAsked(store: Pick<Store, "table" | "atomic">, now_s: () => number): AskedQuestions {
  const questions = store.table<Key, typeof AskedRow>("evaluations", AskedRow);
  return {
    nth({ sees, router, reward, asked, candidate }) {
      const of = [sees ?? EVERYBODY, router, rewardOf(reward)] as const;
      return store.atomic(() => {
        let last = 0;
        for (const { key, value } of questions.entries({ start: [...of, 0], end: [...of, QUESTIONS_MAX + 1] })) {
          if (value.asked === asked) return key[3];
          last = key[3];
        }
        if (last >= QUESTIONS_MAX) throw new MaestroError("tenant.budget", `${QUESTIONS_MAX} questions were put to the episodes of ${router}; a new version of the reward begins anew`);
        questions.put([...of, last + 1], { asked, candidate, at_s: now_s() });
        return last + 1;
      });
    },
    reported({ router, reward, candidate }) {
      const all = [...questions.entries()].flatMap(({ key: [space, of, defined, nth], value }) => (of === router && defined === rewardOf(reward) ? [{ ...value, space, nth }] : []));
      const [first] = all.filter((one) => one.candidate === candidate).sort((a, b) => a.at_s - b.at_s || a.nth - b.nth);
      // It cannot have been written by what came after it was first asked about; what came in the same second may have been before.
      const before = ({ at_s, space, nth }: (typeof all)[number]): boolean => first === undefined || at_s < first.at_s || (at_s === first.at_s && !(space === first.space && nth > first.nth));
      const others = all.filter((one) => one.candidate !== candidate && before(one));
      return others.length === 0 ? null : others.reduce((most, { at_s }) => Math.max(most, at_s), 0) * 1_000 + SPREAD_MS;
    },
  };
}
