import { Type, type Static } from "@sinclair/typebox";
import { Base64, Closed } from "./scalar.ts";

const MiB = 1024 * 1024;

/** One document that travels in a bundle, and all of a bundle's together; a bundle is held in memory whole. */
export const DOCUMENT_BYTES_MAX = 8 * MiB;
export const DOCUMENTS_BYTES_MAX = 24 * MiB;
export const DOCUMENTS_MAX = 64;

/**
 * What a document is, by the ending of its name. The name stands in a signed leaf, so the media type is signed with it: nobody can have a
 * page read as something that runs. The longest ending counts; a name with none of these cannot travel.
 */
const MEDIA_TYPES: Readonly<Record<string, string>> = {
  ".cdx.json": "application/vnd.cyclonedx+json",
  ".spdx.json": "application/spdx+json",
  ".sarif.json": "application/sarif+json",
  ".json": "application/json",
  ".tar.gz": "application/gzip",
  ".rego": "text/x-rego",
  ".yaml": "application/yaml",
  ".md": "text/markdown",
  ".svg": "image/svg+xml",
  ".txt": "text/plain",
};
const ENDINGS = Object.keys(MEDIA_TYPES).sort((a, b) => b.length - a.length);

/** `null` for a name that says nothing of what it is. */
export function documentMediaType(name: string): string | null {
  const ending = ENDINGS.find((one) => name.endsWith(one));
  return ending === undefined ? null : (MEDIA_TYPES[ending] ?? null);
}

/** A document as it travels in a bundle: its leaf `document/<name>` holds the SHA-256 of the content. */
export const TravellingDocument = Closed({
  name: Type.String({ pattern: "^[a-z][a-z0-9./_-]*$", maxLength: 128 }),
  media_type: Type.String({ maxLength: 64, description: "follows from the name's ending" }),
  content: Base64,
});
export type TravellingDocument = Static<typeof TravellingDocument>;
