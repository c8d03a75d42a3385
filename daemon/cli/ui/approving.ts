/** Approving from a page: the offer is asked and shown there, and agreed to here with the key that the command line named. */
import type { GateResult } from "../../../proto/api.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { Locations } from "../../../proto/locations.ts";
import { problem } from "../../../proto/problem.ts";
import { isOwnReason } from "../../../proto/release.ts";
import type { ReleaseOffer } from "../../../proto/release-api.ts";
import type { ApproveAsk, OfferAsk } from "../../../proto/ui.ts";
import type { MaestroClient } from "../../client/maestro.ts";
import type { Values } from "../command.ts";
import { keepBundle } from "../commands/gate.ts";
import { note } from "../output.ts";
import { agree, askOffer, show } from "../releasing.ts";
import type { SigningKey } from "../signing.ts";
import { UI_LIMITS } from "./limits.ts";
import type { Session } from "./session.ts";

export interface Signing {
  readonly key: SigningKey | null;
  /** Where a request lies while it is signed. */
  readonly folder: string;
  /** A key asks in the terminal, in which nobody else may read meanwhile. */
  readonly terminal: { pause(): void; resume(): void };
}

export class Approvals {
  /** By nonce; an offer is good for the session that was shown it. */
  private readonly offers = new Map<string, { readonly offer: ReleaseOffer; readonly session: Session }>();
  private signing_now = false;

  constructor(
    private readonly client: MaestroClient,
    private readonly signing: Signing,
    private readonly kept: { readonly locations: Locations; readonly values: Values },
  ) {}

  async offer(session: Session, ask: OfferAsk): Promise<ReleaseOffer> {
    if (!isOwnReason(ask.reason)) throw new MaestroError("request.malformed", "give a reason in your own words; it is signed and logged");
    const offer = await askOffer(this.client, ask, this.signing.key);
    const [oldest] = this.offers.keys();
    if (this.offers.size >= UI_LIMITS.offers_max && oldest !== undefined) this.offers.delete(oldest);
    this.offers.set(offer.request.nonce, { offer, session });
    return offer;
  }

  /**
   * Agrees to it, once. It goes on to its end whether or not the page still listens: what was signed is not left half done.
   * Throws `release.stale`, `request.busy`.
   */
  approve(session: Session, { nonce }: ApproveAsk, send: (event: object) => void): Promise<void> {
    const found = this.offers.get(nonce);
    if (found === undefined || found.session !== session) throw new MaestroError("release.stale", "this page was not shown that offer; ask for it again");
    if (this.signing_now) throw new MaestroError("request.busy", "another approval is being signed in the terminal where maestro ui runs");
    this.offers.delete(nonce);
    this.signing_now = true;
    return this.agreed(found.offer, send).finally(() => {
      this.signing_now = false;
    });
  }

  private async agreed(offer: ReleaseOffer, send: (event: object) => void): Promise<void> {
    const { key, folder, terminal } = this.signing;
    note("maestro: asked for from a page:");
    show(offer);
    if (key !== null) terminal.pause();
    try {
      let result: GateResult | null = null;
      for await (const event of agree(this.client, offer, key, folder)) {
        send(event);
        if (event.event === "result") result = event;
      }
      if (result === null) throw new MaestroError("worker.protocol", "the daemon's reply ended without a decision");
      note(`maestro: ${result.verdict}, attempt ${result.attempt}; evidence in ${keepBundle(result, this.kept.locations, this.kept.values).path}`);
    } catch (error) {
      if (!(error instanceof MaestroError)) throw error;
      note(`maestro: not approved: ${error.detail}`);
      send({ event: "failure", problem: problem(error.code, error.detail, "") });
    } finally {
      if (key !== null) terminal.resume();
    }
  }
}
