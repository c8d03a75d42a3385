/** How a step says no; `judge.ts` turns it into a verdict, and nobody else catches it. */
import type { SigstoreCode } from "../../../proto/sigstore.ts";

export class Refusal extends Error {
  constructor(
    readonly code: SigstoreCode,
    readonly detail: string,
    options?: ErrorOptions,
  ) {
    super(`${code}: ${detail}`, options);
    this.name = "Refusal";
  }
}
