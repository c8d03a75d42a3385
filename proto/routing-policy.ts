/** A learned policy: what was seen of each arm where, and how much of it is believed. Small, and readable on a Decision Card. */
import { Type, type Static } from "@sinclair/typebox";
import { ArmId, ARMS_MAX, Exploration, FieldName, RewardDefinition, RouterId } from "./routing.ts";
import { Closed, Count } from "./scalar.ts";

const FIELDS_MAX = 8;
/** Cells of one policy; the product of its buckets may not be more. */
export const CELLS_MAX = 4_096;

/** A number falls into the bucket of the first edge above it; a choice into that of its value; what is no value of these into the last. */
export const BucketField = Type.Union([
  Closed({ field: FieldName, edges: Type.Array(Type.Number(), { minItems: 1, maxItems: 63 }) }),
  Closed({ field: FieldName, values: Type.Array(Type.String({ maxLength: 64 }), { minItems: 1, maxItems: 63 }) }),
]);
export type BucketField = Static<typeof BucketField>;

/** What was seen of an arm in a cell. */
export const Seen = Closed({ arm: ArmId, count: Count, mean: Type.Number({ description: "of the reward, each decision weighted by one over its propensity" }) });
export type Seen = Static<typeof Seen>;

export const Cell = Closed({ at: Type.Array(Count, { maxItems: FIELDS_MAX, description: "bucket of each field" }), seen: Type.Array(Seen, { maxItems: ARMS_MAX }) });
export type Cell = Static<typeof Cell>;

export const ROUTING_POLICY_TYPE = "maestro.routing-policy";

export const RoutingPolicy = Closed(
  {
    type: Type.Literal(ROUTING_POLICY_TYPE),
    v: Type.Literal(1),
    router: RouterId,
    reward: RewardDefinition,
    baseline: ArmId,
    buckets: Type.Array(BucketField, { maxItems: FIELDS_MAX }),
    cells: Type.Array(Cell, { maxItems: CELLS_MAX }),
    count_min: Type.Integer({ minimum: 1, maximum: 1_000_000_000, description: "an arm seen less often in a cell is left as the baseline has it (Laroche, Trichelair, des Combes, ICML 2019)" }),
    exploration: Exploration,
  },
  { $id: "RoutingPolicy", description: "a learned routing policy" },
);
export type RoutingPolicy = Static<typeof RoutingPolicy>;
