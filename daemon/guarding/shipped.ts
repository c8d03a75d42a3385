/** The rules that ship with this daemon, as invariants/build.ts made them of the YAML there. */
import compiled from "../../invariants/compiled.json";
import { MaestroError } from "../../proto/errors.ts";
import type { EventCatalogue, InvariantDocument } from "../../proto/invariant.ts";
import { readEvents, type Events } from "../invariants/document/fields.ts";

export interface Documents {
  readonly documents: readonly InvariantDocument[];
  readonly events: Events;
}

interface Shipped extends EventCatalogue {
  readonly invariants: readonly InvariantDocument[];
}

/** Whole by the test that holds it against the YAML; what is checked here is that it is that file. */
function isShipped(value: object): value is Shipped {
  return "events" in value && typeof value.events === "object" && "invariants" in value && Array.isArray(value.invariants);
}

/** Throws `internal.bug` for a file that is none of ours. */
export function shippedDocuments(value: object = compiled): Documents {
  if (!isShipped(value)) throw new MaestroError("internal.bug", "invariants/compiled.json holds no invariants");
  const wrong: string[] = [];
  const events = readEvents(value, (path, message) => wrong.push(`${path.join(".")}: ${message}`));
  if (wrong.length > 0) throw new MaestroError("internal.bug", `invariants/compiled.json: ${wrong[0]}`);
  return { documents: value.invariants, events };
}
