import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { MaestroError } from "../../../proto/errors.ts";
import { lazyCheck } from "../lazy-check.ts";

/** Turns something a process said into a value that may be relied on; throws whatever names the fault. */
export type Validator<T> = (value: unknown) => T;

/** The validator of a schema. The error names the first field that is wrong, and never repeats its content. */
export function validatorOf<T extends TSchema>(schema: T): Validator<Static<T>> {
  const check = lazyCheck(schema);
  return (value) => {
    if (check().Check(value)) return value;
    const first = check().Errors(value).First();
    throw new MaestroError("worker.protocol", `${first?.path || "the value"}: ${first?.message ?? "does not fit its schema"}`);
  };
}

const closed = { additionalProperties: false } as const;
const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });

/** What is kept of a failure's text. */
export const FAILURE_CHARACTERS_MAX = 4_096;

/** Parent to child: one job. `id` counts jobs of this child, so that a late answer cannot pass for the next one's. */
const Request = Type.Object({ id: Id, job: Type.Unknown() }, closed);
export type Request = Static<typeof Request>;

/** Child to parent. The payloads stay `unknown` here; the caller of each job validates them. */
const Message = Type.Union([
  Type.Object({ kind: Type.Literal("ready") }, closed),
  Type.Object({ kind: Type.Literal("progress"), id: Id, value: Type.Unknown() }, closed),
  Type.Object({ kind: Type.Literal("reply"), id: Id, value: Type.Unknown() }, closed),
  Type.Object(
    { kind: Type.Literal("failure"), id: Id, code: Type.String({ maxLength: 64 }), detail: Type.String({ maxLength: FAILURE_CHARACTERS_MAX }) },
    closed,
  ),
]);
export type Message = Static<typeof Message>;

export const requestOf: Validator<Request> = validatorOf(Request);
export const messageOf: Validator<Message> = validatorOf(Message);
