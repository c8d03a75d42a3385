/** The schemas as files for editors: `maestro invariants schema` prints them, invariants/*.schema.json are committed. */
import { EventCatalogue, InvariantDocument } from "../../proto/invariant.ts";
import { TargetsDocument } from "../../proto/property.ts";

const DIALECT = "https://json-schema.org/draft/2020-12/schema";

/** Plain JSON: what TypeBox keeps under symbols is no part of it. */
const text = (schema: object, title: string): string => `${JSON.stringify({ $schema: DIALECT, title, ...schema, $id: undefined }, null, 2)}\n`;

export const SCHEMA_FILES: Readonly<Record<"invariant.schema.json" | "events.schema.json" | "targets.schema.json", string>> = {
  "invariant.schema.json": text(InvariantDocument, "Invariant of Maestro"),
  "events.schema.json": text(EventCatalogue, "Events that invariants are about"),
  "targets.schema.json": text(TargetsDocument, "Targets of property tests"),
};
