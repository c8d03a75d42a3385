/** Decided gates as rows, and the lines around what one of them found. */
import { CardsBefore, CardsReply, ChangeContextReply, NEWEST_CARDS } from "../../proto/cards.ts";
import { ShortText } from "../../proto/scalar.ts";
import { type CardListDeps, cardPage } from "../gate/card-list.ts";
import type { ContextDesk } from "../gate/context-desk.ts";
import { findGate } from "../gate/lookup.ts";
import type { Gates } from "../store/gates.ts";
import { maySee, type Tenants } from "../tenants/index.ts";
import { route, type Route } from "./route.ts";

export interface CardRouteDeps extends CardListDeps {
  readonly gates: Gates;
  readonly contexts: Pick<ContextDesk, "context">;
  readonly tenants: Pick<Tenants, "inLine" | "pay">;
}

const NO_BODY = { request: null, body_bytes_max: 0 } as const;

export function cardRoutes(deps: CardRouteDeps): Route[] {
  const { gates, contexts, tenants } = deps;
  return [
    route("cards", {
      ...NO_BODY,
      access: "read",
      summary: "Decided gates that the reader may see as rows, newest first, those before a place or the newest: the newest attempt of each",
      params: { before: CardsBefore },
      reply: CardsReply,
      handle: ({ principal, params, signal }) => cardPage(deps, params.before === NEWEST_CARDS ? null : Number(params.before), (row) => maySee(principal, row), signal),
    }),
    route("changeContext", {
      ...NO_BODY,
      access: "findings",
      summary: "The lines of the change around the findings of a gate's newest attempt, or of the one whose bundle's digest is given",
      params: { id: ShortText },
      reply: ChangeContextReply,
      handle({ principal, params, signal }) {
        const row = findGate(gates, principal, params.id);
        const lane = principal.tenant === null ? `uid:${principal.uid}` : `tenant:${principal.tenant}`;
        return tenants.inLine(principal, () => contexts.context(row, lane, signal, (worst, work) => tenants.pay(principal, worst, work)));
      },
    }),
  ];
}
