/** The market as a table for a terminal. Pure. */
import type { MarketReply, TenantShare } from "../../../proto/market.ts";
import { PRICE_UNIT } from "../../verifier/words/bill.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";

const money = (value: number): string => value.toFixed(4);
const percent = (share: number | null): string => (share === null ? "-" : `${(share * 100).toFixed(1)} %`);

function tenantLine({ tenant, floor, ceiling, minute, five_minutes, favour, starving_s, starving_longest_s }: TenantShare): string {
  const name = tenant === "*" ? "everybody else" : escapeTerminal(tenant);
  const below = five_minutes !== null && five_minutes < floor ? "  BELOW ITS FLOOR" : "";
  return `  ${name.padEnd(20)} ${percent(floor).padStart(7)} ${percent(ceiling).padStart(8)} ${percent(minute).padStart(8)} ${percent(five_minutes).padStart(8)} ${favour.toFixed(2).padStart(7)} ${`${Math.round(starving_s)} s`.padStart(8)} ${`${Math.round(starving_longest_s)} s`.padStart(8)}${below}`;
}

export function marketText({ epoch, slot_s, slot_ends, method, resources, tenants, jain, certificate, at_cap, kept }: MarketReply): string {
  return [
    `market  slot ${epoch} of ${slot_s} s, open until ${slot_ends}; ${method}`,
    "",
    "  resource       price        largest      used / capacity of the slot",
    ...resources.map(({ resource, price, price_max, used, capacity }) => `  ${resource.padEnd(12)} ${money(price).padStart(9)} ${money(price_max).padStart(12)}      ${used} / ${capacity}   ${PRICE_UNIT[resource]}`),
    "",
    "  tenant                 floor  ceiling   minute    5 min  favour starving  longest",
    ...tenants.map(tenantLine),
    "",
    `  Jain's index of 5 minutes ${jain === null ? "-" : jain.toFixed(4)}; at a largest price in ${percent(at_cap)} of slots`,
    `  certificate  regret ${money(certificate.regret)} $ <= promise ${money(certificate.promise)} $: ${certificate.holds ? "holds" : "BROKEN"}; ${kept.slots} slots kept from ${kept.from} on (maestro market audit)`,
  ].join("\n");
}
