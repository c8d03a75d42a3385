/** Package URLs (ECMA-427, purl-spec types npm, cargo, golang, pypi) of what a lock pins. Pure: names and versions are a stranger's. */
import { Contrib } from "@cyclonedx/cyclonedx-library";
import { DEFAULT_SOURCE, type Ecosystem } from "../../proto/sbom.ts";

const npmDefault = Contrib.FromNodePackageJson.Utils.defaultRegistryMatcher;

/** Whether a source, as the lock readers name it, is told to be the registry that a purl of the type means by itself. Only of npm's own is the address known here, by the library. */
export const isDefault = (ecosystem: Ecosystem, source: string): boolean => source === DEFAULT_SOURCE || (ecosystem === "npm" && npmDefault.test(`https://${source}`));

/** Repositories and archives stand as `git host/owner` and the like; a registry is one word. */
export const isRegistry = (ecosystem: Ecosystem, source: string): boolean => isDefault(ecosystem, source) || !/\s/.test(source);

/** Only what the ecosystem itself would take for a name; anything else gets no purl rather than somebody else's. */
const NAMES: Readonly<Record<Ecosystem, RegExp>> = {
  npm: /^(?:@[a-zA-Z0-9~*._-]{1,128}\/)?[a-zA-Z0-9~*._-]{1,214}$/,
  cargo: /^[A-Za-z0-9_-]{1,128}$/,
  go: /^[A-Za-z0-9~._-]{1,128}(?:\/[A-Za-z0-9~._+-]{1,256}){0,32}$/,
  python: /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?$/,
};
const VERSION = /^[A-Za-z0-9][A-Za-z0-9.+_!~-]{0,199}$/;

/** As the specification says: everything is percent-encoded but letters, digits, `.-_~`, and a colon. */
const encoded = (text: string): string => encodeURIComponent(text).replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`).replaceAll("%3A", ":");

function pathOf(ecosystem: Ecosystem, name: string): string {
  // PyPI treats these alike, and its purls have one spelling: lower case with dashes.
  if (ecosystem === "python") return `pypi/${encoded(name.toLowerCase().replace(/[-_.]+/g, "-"))}`;
  // The specification has Go's in lower case; npm's old packages differ by case alone, so theirs stay as they are.
  const [type, spelt] = ecosystem === "go" ? ["golang", name.toLowerCase()] : [ecosystem, name];
  return `${type}/${spelt.split("/").map(encoded).join("/")}`;
}

/** `null` where a purl would name something else than what the lock pins: git and archive sources, names and versions that are none. `own`: the registry that packages of the ecosystem are taken to be of. */
export function purlOf(ecosystem: Ecosystem, { name, version, source }: { readonly name: string; readonly version: string; readonly source: string }, own: string | null): string | null {
  if (!NAMES[ecosystem].test(name) || !VERSION.test(version) || !isRegistry(ecosystem, source)) return null;
  const elsewhere = source === own || isDefault(ecosystem, source) ? "" : `?repository_url=${encoded(source)}`;
  return `pkg:${pathOf(ecosystem, name)}@${encoded(version)}${elsewhere}`;
}
