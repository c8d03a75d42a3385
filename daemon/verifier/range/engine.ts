import type { RangeGroup } from "./group.ts";
import { createNobleGroup } from "./noble-group.ts";

let group: RangeGroup | undefined;

/** One for the process: the generators and their tables are made on first use. */
export const rangeGroup = (): RangeGroup => (group ??= createNobleGroup());
