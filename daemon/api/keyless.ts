/** The route that has the statement of a recorded gate signed once more, by a certificate of minutes. What the node signed and logged itself stays as it is. */
import type { Bundle } from "../../proto/bundle.ts";
import { fromBase64, toBase64, utf8 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import { KeylessSigned } from "../../proto/keyless.ts";
import { ShortText } from "../../proto/scalar.ts";
import type { Keyless } from "../egress/keyless/index.ts";
import { findGate } from "../gate/lookup.ts";
import { readReply } from "../gate/reply.ts";
import type { Artifacts } from "../store/artifacts.ts";
import type { Gates } from "../store/gates.ts";
import { route, type Route } from "./route.ts";

export interface KeylessRouteDeps {
  readonly gates: Gates;
  readonly artifacts: Artifacts;
  readonly keyless: Pick<Keyless, "sign">;
}

export function keylessRoutes({ gates, artifacts, keyless }: KeylessRouteDeps): Route[] {
  return [
    route("keyless", {
      access: "operator",
      summary: "Sign the statement of a gate's newest attempt once more, as the identity that the operator configured; it goes into the configured log, and nothing is kept here",
      params: { id: ShortText },
      request: null,
      body_bytes_max: 0,
      reply: KeylessSigned,
      async handle({ principal, params }) {
        const row = findGate(gates, principal, params.id);
        const { gate_id, attempt: { attempt } } = row;
        const stored = await readReply(artifacts, row);
        if (stored === null) throw new MaestroError("request.not_found", `the bundle of attempt ${attempt} of ${gate_id} is gone; gate the change again with --rerun`);
        const { bundle, identity, issuer } = await keyless.sign(statementIn(stored.bundle));
        return { gate_id, attempt, bundle: toBase64(utf8(bundle)), identity, issuer };
      },
    }),
  ];
}

/** What the node itself signed first: the verdict with its obligations. */
function statementIn(bundle: Uint8Array): Uint8Array {
  // Canonical and of this very shape: it was verified before it was recorded.
  const { attestations } = JSON.parse(new TextDecoder().decode(bundle)) as Bundle;
  const payload = fromBase64(attestations[0]?.dsseEnvelope.payload ?? "");
  if (payload === null || payload.length === 0) throw new MaestroError("internal.bug", "a recorded bundle without a statement");
  return payload;
}
