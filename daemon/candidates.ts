/** How a gate has a learned policy judged: by the router of the host's configuration, over the decisions that whoever gates may see. */
import { MaestroError } from "../proto/errors.ts";
import type { Evaluating } from "./evaluating.ts";
import type { Evaluate } from "./gate/asked-evaluations.ts";
import type { Learned } from "./learned.ts";

interface Judging {
  readonly learned: Pick<Learned, "router">;
  readonly evaluating: Evaluating;
}

/** Nothing is loaded before the first candidate. */
export const candidatesJudged = (by: () => Judging): Evaluate => async ({ router, candidate, sees, lane, signal, used }) => {
  const { learned, evaluating } = by();
  const entry = learned.router(router);
  if (entry === null) throw new MaestroError("request.not_found", `the host configures no router ${router}`);
  return (await evaluating.desk()).evaluate(entry, candidate, { sees, lane, signal, used });
};
