/** Which fields a policy tells apart, and where: chosen from the search split alone. */
import type { Context, ContextField, RouterEntry } from "../../../proto/routing.ts";
import { type BucketField, CELLS_MAX } from "../../../proto/routing-policy.ts";
import { placesOf } from "../routing/propensities.ts";

/** Numbers are cut at their quartiles. */
const CUTS = [0.25, 0.5, 0.75] as const;
const FIELDS_MAX = 8;
const VALUES_MAX = 63;

export interface Chosen {
  readonly buckets: BucketField[];
  /** Fields that would have split the rows too finely. */
  readonly skipped: string[];
}

/** A text is nobody's to tell apart: what is logged of it went through the privacy filter, and what is asked did not. */
const usable = ({ type, values }: ContextField): boolean => type !== "text" && (values?.length ?? 0) <= VALUES_MAX;

export function createBuckets({ context, arms }: Pick<RouterEntry, "context" | "arms">) {
  const fields = context.filter(usable);
  const numbers = new Map(fields.filter(({ type }) => type === "number").slice(0, FIELDS_MAX).map(({ name }) => [name, [] as number[]]));
  let rows = 0;

  function bucketOf({ name, type, values = [] }: ContextField): BucketField | null {
    if (type === "boolean") return { field: name, values: ["false", "true"] };
    if (type === "choice") return { field: name, values: [...values] };
    const seen = Float64Array.from(numbers.get(name) ?? []).sort();
    const edges = [...new Set(CUTS.map((cut) => seen[Math.floor(cut * seen.length)]))].filter((edge) => edge !== undefined && edge > (seen[0] ?? edge));
    return edges.length === 0 ? null : { field: name, edges: edges.filter((edge) => edge !== undefined) };
  }

  return {
    add(seen: Context): void {
      rows++;
      for (const [name, values] of numbers) {
        const value = seen[name];
        if (typeof value === "number") values.push(value);
      }
    },
    /** In the order of the configuration, as long as each arm was seen `count_min` times in each place on average. */
    chosen(count_min: number): Chosen {
      const places_max = Math.min(CELLS_MAX, Math.max(1, rows / (arms.length * count_min)));
      const buckets: BucketField[] = [];
      const skipped: string[] = [];
      for (const field of fields) {
        const bucket = bucketOf(field);
        if (bucket === null) continue;
        if (buckets.length < FIELDS_MAX && placesOf([...buckets, bucket]) <= places_max) buckets.push(bucket);
        else skipped.push(field.name);
      }
      return { buckets, skipped };
    },
  };
}
