/** The launcher with something taken out: its arguments name what. */
import { serve } from "../../process/child.ts";
import { carryOut } from "../jail/order.ts";
import type { Removed } from "../jail/protections.ts";
import { orderOf } from "../wire.ts";

const removed = new Set(Bun.argv.slice(2)) as ReadonlySet<string> as Removed;

await serve({ validate: orderOf, handle: (order, { progress }) => carryOut(order, removed, progress) });
