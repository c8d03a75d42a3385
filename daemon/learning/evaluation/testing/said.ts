/** All that an evaluation says of a log made of integers: in every engine the same text, or a verdict could not be drawn again elsewhere. */
import type { OffPolicy } from "../../../../kernels/ope/index.ts";
import { canonicalNumbers } from "../../../../proto/canonical.ts";
import { createColumns } from "../columns.ts";
import { markdownOf } from "../markdown.ts";
import { plotOf } from "../plot.ts";
import { evaluated } from "../report.ts";
import { always, candidateOf, logOf, routerOf, type WorldOptions } from "./worlds.ts";

const ROWS = 3_000;
const OPTIONS: WorldOptions = { arms: [{ share: 0.7, reward: always(0.5), harm: 0.01 }, { share: 0.3, reward: always(0.7), harm: 0.02 }], favourite: 1, harm_max: 0.1 };

/** Report, text and picture, one behind the other. */
export function saidOf(kernel: OffPolicy): string {
  const [router, policy] = [routerOf(OPTIONS), candidateOf(OPTIONS)];
  const columns = createColumns(router, policy);
  for (const row of logOf(OPTIONS, ROWS, 1)) columns.add(row);
  const report = evaluated(kernel, { router, policy, candidate: "c".repeat(64), rows_sha256: "d".repeat(64), tried: 3, left_out: 0 }, columns.taken());
  return `${canonicalNumbers(report)}\n${markdownOf(report)}\n${plotOf(report)}`;
}
