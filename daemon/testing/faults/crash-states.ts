/** The states a power cut may leave, numbered: the same number of the same recording is the same state in every run. */
import { durableFrom, treeOf, type Fate, type Op, type Recording, type Tree } from "./disk-model.ts";

export interface CrashState<T> {
  readonly number: number;
  /** Line of the trace after which the power went. */
  readonly moment: number;
  readonly how: Loss;
  /** What had been promised by then. */
  readonly acknowledged: readonly T[];
  tree(): Tree;
}

/** What becomes of the operations that no sync covered: none or all arrived, the first few, some, or some sectors of some. */
const LOSSES = ["none", "all", "prefix", "some", "sectors"] as const;
type Loss = (typeof LOSSES)[number];

/** xorshift32; a whole SHA-256 for every coin would cost more than the state. */
function coins(seed: number): () => number {
  let x = (Math.imul(seed, 2654435761) ^ 0x9e3779b9) >>> 0 || 1;
  return () => {
    x ^= x << 13;
    x >>>= 0;
    x ^= x >>> 17;
    x = (x ^ (x << 5)) >>> 0;
    return x / 2 ** 32;
  };
}

/** Decides what happens to one operation that may have been lost. */
function lossOf(how: Loss, pending: number, coin: () => number): (nth: number) => Fate {
  if (how === "none" || how === "all") return () => how;
  if (how === "prefix") {
    const kept = Math.floor(coin() * (pending + 1));
    return (nth) => (nth < kept ? "all" : "none");
  }
  const share = coin();
  if (how === "some") return () => (coin() < share ? "all" : "none");
  return () => () => coin() < share;
}

export interface Choice {
  /** Something to get wrong, to see that an audit notices: the disk says "synced" and is not. */
  readonly syncs_are_ignored?: boolean;
  /** Only moments after so many promises: what came before is looked at elsewhere. */
  readonly after_acks?: number;
}

/** Every moment and every kind of loss, `none` and `all` of each moment first. Deterministic in `seed`. */
export class CrashStates<T> {
  private readonly durable: readonly number[];
  private readonly moments: readonly number[];

  constructor(
    private readonly recording: Recording<T>,
    private readonly seed: number,
    { syncs_are_ignored = false, after_acks = 0 }: Choice = {},
  ) {
    const { ops, syncs, acks } = recording;
    this.durable = syncs_are_ignored ? ops.map(() => Infinity) : durableFrom(recording);
    const lines = [...ops.flatMap(({ began, ended }) => [began, ended]), ...syncs.map(({ ended }) => ended), ...acks.map(({ at }) => at)];
    const from = after_acks === 0 ? 0 : (acks[after_acks - 1]?.at ?? Infinity);
    this.moments = [...new Set(lines)].filter((line) => Number.isFinite(line) && line >= from).sort((a, b) => a - b);
  }

  /** How many states there are before random ones begin to repeat a moment. */
  get moments_count(): number {
    return this.moments.length;
  }

  state(number: number): CrashState<T> {
    const round = Math.floor(number / this.moments.length);
    const moment = this.moments[number % this.moments.length];
    const coin = coins(this.seed * 1_000_003 + number);
    const how = LOSSES[round] ?? LOSSES[2 + Math.floor(coin() * 3)];
    if (moment === undefined || how === undefined) throw new RangeError(`no state ${number}`);
    const { acks } = this.recording;
    return { number, moment, how, acknowledged: acks.filter(({ at }) => at <= moment).map(({ value }) => value), tree: () => this.treeAt(moment, how, coin) };
  }

  private treeAt(moment: number, how: Loss, coin: () => number): Tree {
    const { root, ops } = this.recording;
    const issued: Op[] = [];
    const safe: boolean[] = [];
    ops.forEach((op, i) => {
      if (op.began > moment) return;
      issued.push(op);
      safe.push((this.durable[i] ?? Infinity) <= moment);
    });
    let nth = 0;
    const fate = lossOf(how, safe.filter((is) => !is).length, coin);
    return treeOf(root, issued, (op, i) => {
      if (safe[i] === true) return "all";
      const said = fate(nth++);
      // A name is there or not; half of it is no state of a file system with a journal.
      return typeof said === "function" && op.kind !== "data" ? (said(0) ? "all" : "none") : said;
    });
  }
}
