/** Prices of routed work, and what proves them. */
import type { Command } from "../command.ts";
import { FORCE, STATE } from "./work.ts";

export const MARKET: readonly Command[] = [
  {
    name: "market",
    summary: "prices of what routed work takes, shares that are promised, and the certificate of both; audit: compute the kept slots again; certify: sign and log it (docs/market.md)",
    positionals: "[audit|certify]",
    positionals_max: 1,
    options: {
      ...STATE,
      watch: { type: "boolean", help: "print again with each slot, until Ctrl-C" },
      svg: { type: "string", value: "FILE", help: "draw price, use and regret of the kept slots" },
      exact: { type: "boolean", help: "audit: the exact regret, too, from what every request could have had; for whoever runs the daemon" },
      out: { type: "string", value: "FILE", help: "certify: where the signed certificate goes, for maestro verify" },
      ...FORCE,
    },
    load: () => import("../commands/market.ts"),
  },
];
