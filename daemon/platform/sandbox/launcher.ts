/**
 * The launcher: a process that starts jails and reads what they leave behind. It speaks frames with the core and nothing else;
 * the core itself never makes a namespace, and can be forbidden to (RestrictNamespaces=).
 */
import { serve } from "../process/child.ts";
import { carryOut } from "./order.ts";
import { NOTHING_REMOVED } from "./protections.ts";
import { orderOf } from "./wire.ts";

await serve({ validate: orderOf, handle: (order, { progress }) => carryOut(order, NOTHING_REMOVED, progress) });
