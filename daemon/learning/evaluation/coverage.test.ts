/** The bounds that a verdict rests on, over 200 logs of a world whose truth is known; more worlds and every other interval in bench/evaluation.nightly.ts and bench/learning.nightly.ts. */
import { expect, test } from "bun:test";
import { createOffPolicy } from "../../../kernels/ope/index.ts";
import { meanOf, shuffled } from "./bounds.ts";
import { gains, type Judged } from "./gains.ts";
import { lowerOf, upperOf } from "./plan.ts";
import { always, dice, gainOf, sharesOf, type WorldOptions } from "./testing/worlds.ts";

const [LOGS, ROWS, ALPHA] = [200, 500, 0.05];
const kernel = createOffPolicy();
const order = shuffled(ROWS);

function logged(options: WorldOptions, seed: number): Judged {
  const roll = dice(seed);
  const wanted = sharesOf(options);
  const column = (): Float64Array => new Float64Array(ROWS);
  const [p_eval, p_log, reward] = [column(), column(), column()];
  for (let row = 0; row < ROWS; row++) {
    let [left, place] = [roll(), 0];
    while (place < options.arms.length - 1 && left >= (options.arms[place]?.share ?? 1)) left -= options.arms[place++]?.share ?? 1;
    [p_eval[row], p_log[row]] = [wanted[place] ?? 0, options.arms[place]?.share ?? 1];
    reward[row] = roll() < (options.arms[place]?.reward(row / ROWS) ?? 0) ? 1 : 0;
  }
  return { decisions: { p_eval, p_log, reward }, reach: column().fill(Math.max(...options.arms.map(({ share }, place) => (wanted[place] ?? 0) / share))), unsupported: column(), model: null };
}

const WORLDS: readonly (readonly [string, WorldOptions])[] = [
  ["arms that are often drawn", { arms: [{ share: 0.7, reward: always(0.5) }, { share: 0.3, reward: always(0.7) }], favourite: 1 }],
  ["a reward that hardly ever comes, behind an arm that hardly ever ran", { arms: [{ share: 0.9, reward: always(0.01) }, { share: 0.1, reward: always(0.002) }], favourite: 1 }],
  ["arms that change places over time", { arms: [{ share: 0.6, reward: (at) => 0.3 + 0.4 * at }, { share: 0.4, reward: (at) => 0.9 - 0.7 * at }], favourite: 1 }],
];

test.each(WORLDS)("%s: the gain lies between its bounds in at least 95 of 100 logs, and they are no wider for it than they have to be", (_, options) => {
  const truth = Array.from({ length: ROWS }, (__, row) => gainOf(options, row / ROWS)).reduce((sum, gain) => sum + gain, 0) / ROWS;
  const seen = Array.from({ length: LOGS }, (__, seed) => {
    const judged = logged(options, seed);
    const writing = { form: "from-least", weight_bound: judged.reach[0] ?? 1, partly: false } as const;
    const bound = (side: "lower" | "upper"): number => (side === "lower" ? lowerOf : upperOf)(kernel, gains(judged, { least: 0, most: 1 }, writing, side), order, ALPHA / 2);
    return { lower: bound("lower"), upper: bound("upper") };
  });
  const covered = seen.filter(({ lower, upper }) => lower <= truth && truth <= upper).length;
  const width = meanOf(Float64Array.from(seen, ({ lower, upper }) => upper - lower));
  process.stderr.write(`coverage: ${covered} of ${LOGS}, ${width.toFixed(3)} wide\n`);
  expect(covered).toBeGreaterThanOrEqual(0.95 * LOGS);
  // Ends that say nothing would cover always.
  expect(width).toBeLessThan(0.6);
});
