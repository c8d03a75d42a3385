/** All invariants of a folder together, with the catalogue of events beside them. */
import { EventCatalogue, INVARIANT_FILES_MAX } from "../../../proto/invariant.ts";
import type { PropertyTarget } from "../../../proto/property.ts";
import type { Problem } from "../problem.ts";
import { Problems, type Compiled, type CompileOptions } from "./build.ts";
import { compileYaml } from "./compile.ts";
import { readEvents, type Events } from "./fields.ts";
import { shaped } from "./shape.ts";
import { isTargets, readTargets, type Targets } from "./targets.ts";
import { readYaml, type YamlText } from "./yaml.ts";

export interface InvariantFile {
  readonly name: string;
  readonly text: string;
}

export interface FileProblem extends Problem {
  readonly file: string;
}

export interface Folder {
  readonly compiled: readonly (Compiled & { readonly file: string })[];
  readonly errors: readonly FileProblem[];
  readonly events: Events | null;
  /** What property tests drive, of every file of targets. */
  readonly targets: Targets;
}

const inFile = (file: string, problems: readonly Problem[]): FileProblem[] => problems.map((problem) => ({ file, ...problem }));

const isCatalogue = ({ value }: YamlText): boolean => typeof value === "object" && value !== null && Object.hasOwn(value, "events");

function merge(all: readonly Events[]): Events | null {
  return all.length === 0 ? null : { of: (event) => all.map((one) => one.of(event)).find((fields) => fields !== null) ?? null, names: all.flatMap(({ names }) => names) };
}

/** Reads one catalogue; `known` are the names that others have already. */
function catalogue(file: string, yaml: YamlText, known: ReadonlySet<string>, errors: FileProblem[]): Events | null {
  const shape = shaped(EventCatalogue, yaml);
  if ("problems" in shape) {
    errors.push(...inFile(file, shape.problems));
    return null;
  }
  const problems = new Problems(yaml);
  const events = readEvents(shape.value, problems.report);
  for (const name of events.names) if (known.has(name)) problems.report(["events", name], `the event ${name} is declared already`, "declare it once");
  errors.push(...inFile(file, problems.found));
  return events;
}

/** Ids of documents that have a mistake: whoever names one hears of that mistake alone. */
function idOf({ value }: YamlText): string | null {
  const id: unknown = typeof value === "object" && value !== null ? Reflect.get(value, "id") : null;
  return typeof id === "string" ? id : null;
}

function targetsOf(texts: readonly { readonly name: string; readonly yaml: YamlText }[], compiled: ReadonlyMap<string, Compiled>, broken: ReadonlySet<string>, errors: FileProblem[]): Targets {
  const all = new Map<string, PropertyTarget>();
  for (const { name: file, yaml } of texts) {
    const { targets, problems } = readTargets(yaml, compiled, broken);
    errors.push(...inFile(file, problems));
    for (const [name, target] of targets) {
      if (all.has(name)) errors.push({ file, path: `targets.${name}`, ...yaml.placeOfKey(["targets", name]), message: `there is a target ${name} already`, fix: "give each target a name of its own" });
      else all.set(name, target);
    }
  }
  return all;
}

/** Every file that is a catalogue first, then every invariant against all of them, `options.events` included. */
export function compileAll(files: readonly InvariantFile[], options: CompileOptions = {}): Folder {
  const errors: FileProblem[] = [];
  const top = (file: string, message: string, fix: string) => errors.push({ file, path: "", line: 1, column: 1, message, fix });
  if (files.length > INVARIANT_FILES_MAX) top(files[INVARIANT_FILES_MAX]!.name, `more than ${INVARIANT_FILES_MAX} files`, "split the folder");
  const texts: { readonly name: string; readonly yaml: YamlText }[] = [];
  for (const { name, text } of files.slice(0, INVARIANT_FILES_MAX)) {
    const yaml = readYaml(text);
    if ("problem" in yaml) errors.push({ file: name, ...yaml.problem });
    else texts.push({ name, yaml });
  }
  const catalogues: Events[] = options.events == null ? [] : [options.events];
  for (const { name, yaml } of texts.filter((one) => isCatalogue(one.yaml))) {
    const events = catalogue(name, yaml, new Set(catalogues.flatMap(({ names }) => names)), errors);
    if (events !== null) catalogues.push(events);
  }
  const events = merge(catalogues) ?? options.fallback ?? null;
  // Every invariant would complain of events that a mended catalogue has.
  if (texts.some(({ yaml }) => isCatalogue(yaml)) && errors.length > 0) return { compiled: [], errors, events, targets: new Map() };
  const compiled = new Map<string, Compiled & { readonly file: string }>();
  const broken = new Set<string>();
  for (const { name, yaml } of texts.filter((one) => !isCatalogue(one.yaml) && !isTargets(one.yaml))) {
    const result = compileYaml(yaml, { ...options, events });
    if ("errors" in result) {
      errors.push(...inFile(name, result.errors));
      broken.add(idOf(yaml) ?? "");
    } else {
      const first = compiled.get(result.ok.id);
      if (first !== undefined) errors.push({ file: name, path: "id", ...yaml.placeOf(["id"]), message: `the id ${result.ok.id} is that of ${first.file} already`, fix: "give each invariant an id of its own" });
      else compiled.set(result.ok.id, { ...result.ok, file: name });
    }
  }
  return { compiled: [...compiled.values()], errors, events, targets: targetsOf(texts.filter((one) => isTargets(one.yaml)), compiled, broken, errors) };
}
