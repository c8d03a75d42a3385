/** What the schema cannot say of models. */
import type { HostConfig } from "../../proto/config.ts";
import { isPrivateWay } from "./operator-table.ts";
import type { Problem } from "./problem.ts";

/** The first thing wrong with it, or null. */
export function modelsProblem({ models, modes }: HostConfig): Problem | null {
  if (models === undefined) return null;
  const names = [...(models.text ?? []).map(({ name }) => name), ...(models.embedding === undefined ? [] : [models.embedding]), ...(models.remote ?? []).map(({ id }) => id)];
  const twice = names.find((name, nth) => names.indexOf(name) !== nth);
  if (twice !== undefined) return { path: ["models"], because: `${twice} stands there twice; a request could not say which it means` };
  for (const [nth, remote] of (models.remote ?? []).entries()) {
    const path = ["models", "remote", String(nth), "base_url"];
    if (modes.includes("sealed")) return { path, because: "mode sealed opens no connection to any network" };
    if (!isPrivateWay(remote.base_url)) return { path, because: "must be https, or http on this machine: prompts are sent there" };
  }
  return null;
}
