/** The launcher with something taken out: its arguments name what. */
import { serve } from "../../process/child.ts";
import { carryOut } from "../order.ts";
import type { Removed } from "../protections.ts";
import { orderOf } from "../wire.ts";

const removed = new Set(Bun.argv.slice(2)) as ReadonlySet<string> as Removed;

await serve({ validate: orderOf, handle: (order, { progress }) => carryOut(order, removed, progress) });
