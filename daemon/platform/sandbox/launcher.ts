/**
 * The launcher: a process that starts jails and reads what they leave behind. It speaks frames with the core and nothing else;
 * the core itself never makes a namespace, and can be forbidden to (RestrictNamespaces=). Started by the daemon, or by a socket unit
 * with `Accept=yes`: then its input and output are the connection. Either way the end of its input is its own end and that of its jail.
 */
import { serve } from "../process/child.ts";
import { checkAsker } from "./asker.ts";
import { carryOut } from "./jail/order.ts";
import { NOTHING_REMOVED } from "./jail/protections.ts";
import { orderOf } from "./wire.ts";

checkAsker(0);
await serve({ validate: orderOf, handle: (order, { progress }) => carryOut(order, NOTHING_REMOVED, progress) });
