import { MaestroError } from "../../proto/errors.ts";
import { perhapsNamed, type GateRow, type Gates } from "../store/gates.ts";
import { maySee, type Principal } from "../tenants/index.ts";

const PREFIX_MIN = 6;
/** What a kept bundle's file is called, in whatever folder. */
const BUNDLE_FILE = /^(?:[^\0]*\/)?([0-9a-f]{64})\.json$/;
const GATE_ID = /^[a-z2-7]{52}$/;

/**
 * The newest attempt that `text` names: the start of a gate id, of a head
 * commit or of a bundle's digest, or the file a bundle was kept in. Where so many have such a name that they
 * cannot all be read, among the newest that `reader` may see, of which every
 * payer has its share; a whole gate id is found however old. Somebody
 * else's gate is as unknown as none, and the card of an older one is in its
 * bundle file. Throws `request.not_found` for none, `request.malformed` for several.
 */
export function findGate(gates: Gates, reader: Principal, text: string): GateRow {
  const wanted = text.replace(BUNDLE_FILE, "$1").replace(/^(?:gate|sha256):/, "");
  if (wanted.length < PREFIX_MIN) throw new MaestroError("request.malformed", `give at least ${PREFIX_MIN} characters of a gate id, a commit or a bundle's digest`);
  // A whole id needs no window: a tenant's gate is found under it however many others came since.
  const exact = GATE_ID.test(wanted) ? gates.attempts(`gate:${wanted}`).at(-1) : undefined;
  if (exact !== undefined && maySee(reader, exact)) return exact;
  const [gate, bundle] = [`gate:${wanted}`, `sha256:${wanted}`];
  const named = (row: GateRow) => row.gate_id.startsWith(gate) || row.head.startsWith(wanted) || row.bundle.startsWith(bundle);
  const found = perhapsNamed(gates, [gate, wanted, bundle]).filter((row) => named(row) && maySee(reader, row));
  const newest = found.at(-1);
  if (newest === undefined) throw new MaestroError("request.not_found", `no gate, commit or bundle that starts with ${wanted} is on record`);
  const heads = new Set(found.map(({ head }) => head));
  if (heads.size > 1) throw new MaestroError("request.malformed", `${wanted} is the start of ${heads.size} commits, gates or bundles; give more characters`);
  // Read again, because it is about to be shown: what is on disk may have been damaged since.
  return gates.get(newest.gate_id, newest.attempt.attempt) ?? newest;
}
