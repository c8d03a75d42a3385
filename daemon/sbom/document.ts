/** CycloneDX 1.6 JSON. The same packages give the same bytes: no time of day, and a serial number that follows from the rest. */
import { Enums, Models, Serialize, Spec } from "@cyclonedx/cyclonedx-library";
import { createHash } from "node:crypto";
import { utf8 } from "../../proto/encoding.ts";
import type { Gap } from "../../proto/facts.ts";
import { VERSION } from "../../proto/version.ts";
import type { Package } from "./gather.ts";

export interface Described {
  /** What the document is of. */
  readonly name: string;
  readonly version: string;
  readonly packages: readonly Package[];
  /** Lock files that were read. */
  readonly locks: readonly string[];
  /** Packages of the repository itself, which are none of its dependencies. */
  readonly local: number;
  /** See `Gathered`. */
  readonly registries?: readonly string[];
  readonly gaps: readonly Gap[];
  /** What the list is of; absent: what the locks pin. */
  readonly scope?: string;
}

const property = (name: string, value: string): Models.Property => new Models.Property(`maestro:${name}`, value);

function componentOf({ ref, name, version, purl, source, hashes, stated, locks }: Package): Models.Component {
  const at = name.startsWith("@") ? name.indexOf("/") : -1;
  return new Models.Component(Enums.ComponentType.Library, at === -1 ? name : name.slice(at + 1), {
    ...(at === -1 ? {} : { group: name.slice(0, at) }),
    version,
    bomRef: ref,
    ...(purl === null ? {} : { purl }),
    hashes: new Models.HashDictionary(hashes.map(({ algorithm, hex }) => [Enums.HashAlgorithm[algorithm], hex])),
    properties: new Models.PropertyRepository([...(purl === null ? [property("source", source)] : []), ...locks.map((path) => property("lock", path)), ...stated.map((digest) => property("stated", digest))]),
  });
}

/** A version 8 UUID (RFC 9562 section 5.8): the content's own digest with the bits that say so. */
function serialOf(content: string): string {
  const bytes = createHash("sha256").update("maestro/v1/sbom\0").update(content).digest().subarray(0, 16);
  bytes[6] = 0x80 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = bytes.toString("hex");
  return `urn:uuid:${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const SCOPE = "what the lock files pin, not what is built or shipped; which package needs which is not said";

export function sbomDocument({ name, version, packages, locks, local, registries = [], gaps, scope = SCOPE }: Described): Uint8Array {
  const bom = new Models.Bom();
  bom.metadata.component = new Models.Component(Enums.ComponentType.Application, name, { version, bomRef: "root" });
  bom.metadata.tools.components.add(new Models.Component(Enums.ComponentType.Application, "maestro", { version: VERSION, bomRef: "maestro" }));
  bom.metadata.properties.add(property("scope", scope));
  if (local > 0) bom.metadata.properties.add(property("local-packages", String(local)));
  for (const path of locks) bom.metadata.properties.add(property("read", path));
  for (const registry of registries) bom.metadata.properties.add(property("registry", registry));
  for (const { what, because } of gaps) bom.metadata.properties.add(property("gap", `${what}: ${because}`));
  for (const one of packages) bom.components.add(componentOf(one));
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  const options = { sortLists: true, space: 0 };
  bom.serialNumber = serialOf(serializer.serialize(bom, options));
  return utf8(serializer.serialize(bom, options));
}
