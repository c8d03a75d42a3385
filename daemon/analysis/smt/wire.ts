/** What the solver worker and its parent say to each other. */
import { Type } from "@sinclair/typebox";
import { Closed, Count } from "../../../proto/scalar.ts";
import { validatorOf } from "../../platform/process/envelope.ts";

export const jobOf = validatorOf(Type.Union([
  Closed({ kind: Type.Literal("version") }),
  Closed({ kind: Type.Literal("ask"), question: Type.String(), values: Type.Union([Type.String(), Type.Null()]), deadline_ms: Count }),
]));
/** `said` is null where the package is not installed. */
export const replyOf = validatorOf(Closed({ said: Type.Union([Type.String(), Type.Null()]) }));
