/** One change, looked at once: what every task is written from. */
import { type Classed, classed, type Evidence } from "./classify.ts";
import { type Material, seen } from "./material.ts";
import { dependencyChanges } from "./scan/dependencies.ts";
import { insideOf } from "./scan/inside.ts";
import { namesOf, renamesOf } from "./scan/names.ts";
import { isAddressed, isHiding, isImitating } from "./scan/addressed.ts";
import { type Risk, risksOf } from "./scan/risks.ts";

export interface Study extends Evidence, Omit<Material, "files"> {
  readonly classed: Classed;
}

function ofTitle(title: string): Risk[] {
  const at = (area: Risk["area"], because: string): Risk => ({ area, level: "high", path: "the title", line: null, because, name: null });
  return [...(isImitating(title) ? [at("addressed to a reader", "it looks like what a gate or a draft says, and is none of it")] : []), ...(isAddressed(title) ? [at("addressed to a reader", "it speaks to a reviewer or a model; it was not followed")] : []), ...(isHiding(title) ? [at("hidden characters", "it holds characters that nobody sees")] : [])];
}

/** Pure, and no faster than the change is long. */
export function study(material: Material): Study {
  const files = material.files.map(seen);
  const names = files.flatMap((file) => (file.kind.generated || file.kind.lock ? [] : namesOf(file)));
  const dependencies = files.flatMap((file) => dependencyChanges(file) ?? []);
  const insides = files.flatMap((file) => insideOf(file) ?? []);
  const renamed = files.flatMap((file) => renamesOf(file, names));
  const evidence = { title: material.title, files, names, renamed, insides, dependencies, risks: [...ofTitle(material.title), ...risksOf(files, names, insides, renamed)] };
  return { ...material, ...evidence, classed: classed(evidence) };
}
