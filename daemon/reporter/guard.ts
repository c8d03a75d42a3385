/** The shipped rules about what this process does. It is none of the daemon's, so it asks them itself. */
import compiled from "../../invariants/compiled.json";
import { MaestroError } from "../../proto/errors.ts";
import type { EventCatalogue, InvariantDocument } from "../../proto/invariant.ts";
import { compileDocument, readEvents } from "../invariants/index.ts";
import type { ActionGuard } from "../platform/action-guard.ts";

const TOLD = "delivery_tried";
/** Whole by the test that holds the file against the YAML it is made of. */
const shipped = compiled as EventCatalogue & { readonly invariants: readonly InvariantDocument[] };

/** Throws `internal.bug` where a rule is not whole; what comes back throws `invariant.violated`. */
export function deliveryGuard(): ActionGuard {
  const events = readEvents(shipped, (path, message) => {
    throw new MaestroError("internal.bug", `invariants/compiled.json: ${path.join(".")}: ${message}`);
  });
  const rules = shipped.invariants.filter(({ when }) => when.some(({ event }) => event === TOLD)).map((document) => {
    const result = compileDocument(document, events);
    if ("errors" in result) throw new MaestroError("internal.bug", `invariant ${document.id}: ${result.errors[0]?.message ?? "not whole"}`);
    return result.ok;
  });
  return (event, fields) => {
    if (event !== TOLD) throw new MaestroError("invariant.violated", `guard.unreadable: ${event} is nothing that this process tells`);
    for (const { id, assert } of rules) {
      for (const clause of assert) {
        const answer = clause.check(fields);
        if (!answer.ok) throw new MaestroError("invariant.violated", `${id}: ${answer.message}`);
      }
    }
  };
}
