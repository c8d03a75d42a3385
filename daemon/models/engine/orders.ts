/** What the core says to a process that answers several requests at once; it answers with the messages of every supervised process. */
import { type Static, Type } from "@sinclair/typebox";
import { Closed } from "../../../proto/scalar.ts";
import { type Validator, validatorOf } from "../../platform/process/envelope.ts";

const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });

/** `cancel` asks for an end as soon as may be; the request is answered all the same. */
const Order = Type.Union([Closed({ id: Id, job: Type.Unknown() }), Closed({ id: Id, cancel: Type.Literal(true) })]);
export type Order = Static<typeof Order>;
export const orderOf: Validator<Order> = validatorOf(Order);

/** Either direction; a prompt of 4 Mi characters is the longest thing said. */
export const ORDER_BYTES_MAX = 64 * 1024 * 1024;
