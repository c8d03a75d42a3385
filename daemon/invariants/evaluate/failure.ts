/** Why an evaluation has no value. Thrown inside this room; not an `Error`, because its stack would cost more than the evaluation. */

export type Because = "missing" | "error";

export class Failure {
  constructor(
    readonly because: Because,
    /** Such as `total_spend_usd is missing`. Holds names and numbers of the rule, nothing of the event. */
    readonly detail: string,
  ) {}
}

export const missing = (name: string): Failure => new Failure("missing", `${name} is missing`);
export const failed = (detail: string): Failure => new Failure("error", detail);
