/** One change, looked at once: what every task is written from. */
import { type Classed, classed, type Evidence } from "./classify.ts";
import { type Material, seen } from "./material.ts";
import { dependencyChanges } from "./scan/dependencies.ts";
import { namesOf } from "./scan/names.ts";
import { risksOf } from "./scan/risks.ts";

export interface Study extends Evidence, Omit<Material, "files"> {
  readonly classed: Classed;
}

/** Pure, and no faster than the change is long. */
export function study(material: Material): Study {
  const files = material.files.map(seen);
  const names = files.flatMap((file) => (file.kind.generated || file.kind.lock ? [] : namesOf(file)));
  const dependencies = files.flatMap((file) => dependencyChanges(file) ?? []);
  const evidence = { title: material.title, files, names, dependencies, risks: risksOf(files, names) };
  return { ...material, ...evidence, classed: classed(evidence) };
}
