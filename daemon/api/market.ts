/** Routes of the market: prices, shares and the certificate; the slots behind them; and the node's name under both. */
import { canonicalBytes } from "../../proto/canonical.ts";
import type { Mode } from "../../proto/change.ts";
import { MaestroError } from "../../proto/errors.ts";
import { EpisodeCursor } from "../../proto/episode.ts";
import { MarketAskedReply, MarketReply, MarketSlotsReply, SlotFrom } from "../../proto/market.ts";
import { MarketCertifyReply } from "../../proto/predicates/market.ts";
import type { Evidence } from "../evidence/index.ts";
import type { Market } from "../market/index.ts";
import type { Artifacts } from "../store/artifacts.ts";
import { keepEnvelope } from "../store/envelopes.ts";
import type { Principal } from "../tenants/index.ts";
import { route, type Route } from "./route.ts";

export interface MarketRouteDeps {
  /** Null where none is configured. */
  readonly money: { readonly market: Market | null };
  readonly evidence: Pick<Evidence, "certifyMarket">;
  readonly artifacts: Pick<Artifacts, "putArtifact">;
  /** Whose word is taken here; the certificate says so. */
  readonly mode: Mode;
  /** What was asked for, behind an episode or from a time on. */
  readonly asked: (after: string) => Promise<MarketAskedReply>;
}

function marketOf({ money: { market } }: MarketRouteDeps): Market {
  if (market === null) throw new MaestroError("request.not_found", "no market is configured; see docs/market.md");
  return market;
}

/** A tenant sees its own line and the one of everybody without a line; whoever runs the daemon sees all. */
function shown(reply: MarketReply, { tenant, verbs }: Principal): MarketReply {
  if (tenant === null || verbs.has("operate")) return reply;
  const named = reply.tenants.some((line) => line.tenant === tenant);
  return { ...reply, tenants: reply.tenants.filter((line) => line.tenant === (named ? tenant : "*")) };
}

export function marketRoutes(deps: MarketRouteDeps): Route[] {
  return [
    route("market", {
      access: "read",
      summary: "Prices of what routed work takes, use of the open slot, shares that are promised, and both sides of the certificate",
      params: {},
      request: null,
      reply: MarketReply,
      body_bytes_max: 0,
      handle: ({ principal }) => shown(marketOf(deps).view(), principal),
    }),
    route("marketSlots", {
      access: "any",
      summary: "Closed slots from one on, and what the prices of their windows went on from, so that anybody can compute them again",
      params: { first: SlotFrom },
      request: null,
      reply: MarketSlotsReply,
      body_bytes_max: 0,
      handle: ({ params }) => marketOf(deps).slots(Number(params.first)),
    }),
    route("marketAsked", {
      access: "operator",
      summary: "Requests that prices decided, with all that each could have had, so that anybody can compute what a fixed price would have done; behind an episode or from a time in milliseconds on",
      params: { after: EpisodeCursor },
      request: null,
      reply: MarketAskedReply,
      body_bytes_max: 0,
      handle({ params }) {
        marketOf(deps);
        return deps.asked(params.after);
      },
    }),
    route("certifyMarket", {
      access: "operator",
      summary: "Sign and log the certificate, with the digest of the slots it is about",
      params: {},
      request: null,
      reply: MarketCertifyReply,
      body_bytes_max: 0,
      async handle() {
        const { claimOf, digestOfSlots } = await import("../market/statement.ts");
        const market = marketOf(deps);
        const claim = claimOf(market.view());
        const logged = await deps.evidence.certifyMarket(deps.mode, claim, digestOfSlots(market.kept()).sha256);
        await keepEnvelope(deps.artifacts, `market-${claim.epoch}-${logged.log_index}`, canonicalBytes(logged.bundle.dsseEnvelope));
        return logged;
      },
    }),
  ];
}
