/** `maestro reassess`: what of the evidence on record would no longer ship under a policy. One gate at a time is held, however many there are. */
import type { DeployReason } from "../../../proto/deploy.ts";
import { fromBase64 } from "../../../proto/encoding.ts";
import { MaestroError, VERIFY_EXIT } from "../../../proto/errors.ts";
import type { MaestroClient } from "../../client/maestro.ts";
import { gateRefusals } from "../../verifier/deploy/gate.ts";
import type { CommandModule } from "../command.ts";
import { connect } from "../connect.ts";
import { bundlesAt, gateEvidence } from "../deploy-evidence.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { printJson } from "../document.ts";
import { note, print } from "../output.ts";
import { policyAndTrust, reasonLines } from "./verify-deploy.ts";

/** Listed in the one JSON document; all are counted. */
const LISTED_MAX = 1_000;
const PROGRESS_EVERY = 1_000;

interface Found {
  readonly name: string;
  /** Whose evidence was asked for; null in a folder, where nothing says. */
  readonly gate_id: string | null;
  /** null: its evidence went with its time, or on request. */
  readonly bytes: Uint8Array | null;
}

interface Tally {
  judged: number;
  not_admitted: number;
  would_ship: number;
  would_not: number;
  gone: number;
  readonly by_code: Record<string, number>;
}

async function evidenceOf(client: MaestroClient, gate_id: string, attempt: number): Promise<Found | null> {
  try {
    const reply = await client.gateBundle(gate_id);
    // A later attempt speaks for the gate, and has its own place.
    return reply.attempt === attempt ? { name: `${gate_id} attempt ${attempt}`, gate_id, bytes: fromBase64(reply.bundle) } : null;
  } catch (error) {
    if (error instanceof MaestroError && (error.code === "request.not_found" || error.code === "record.expired")) return { name: `${gate_id} attempt ${attempt}`, gate_id, bytes: null };
    throw error;
  }
}

/** All that this node gave, in order. A place whose gate has gone holds nothing, and is counted. */
async function* ofNode(client: MaestroClient): AsyncGenerator<Found, void> {
  let places = 0;
  for (let after = 0, more = true; more; ) {
    const page = await client.feed(after);
    for (const { gate_id, attempt, place } of page.entries) {
      for (; places < place; places++) yield { name: `place ${places}`, gate_id: null, bytes: null };
      places = place + 1;
      const found = await evidenceOf(client, gate_id, attempt);
      if (found !== null) yield found;
    }
    ({ next: after, more } = page);
  }
}

function* ofFiles(path: string): Generator<Found, void> {
  for (const { path: name, bytes } of bundlesAt(path)) yield { name, gate_id: null, bytes };
}

type Judged = "gone" | "not_admitted" | readonly DeployReason[];

function judge({ gate_id, bytes }: Found, { policy, trust }: ReturnType<typeof policyAndTrust>, now: Date): Judged {
  if (bytes === null) return "gone";
  const evidence = gateEvidence(bytes, trust, now);
  if ("reason" in evidence) return [{ code: "gate.invalid", gate_id: null, detail: `${evidence.reason.code}: ${evidence.reason.detail}`.slice(0, 2000), next: "see maestro verify; a newer trust file may know the signer" }];
  const { predicate } = evidence.verification.statement ?? {};
  // One good bundle must not speak for every gate of a node.
  if (gate_id !== null && predicate?.gate_id !== gate_id) return [{ code: "gate.invalid", gate_id, detail: `what the daemon sent is the evidence of ${predicate?.gate_id}`, next: "maestro fsck on that node" }];
  if (predicate?.verdict !== "admit") return "not_admitted";
  return gateRefusals(policy, evidence, now.getTime() / 1000);
}

function count(tally: Tally, judged: Judged): readonly DeployReason[] {
  tally.judged += 1;
  if (typeof judged === "string") {
    tally[judged] += 1;
    return [];
  }
  if (judged.length === 0) tally.would_ship += 1;
  else tally.would_not += 1;
  for (const code of new Set(judged.map((reason) => reason.code))) tally.by_code[code] = (tally.by_code[code] ?? 0) + 1;
  return judged;
}

export const run: CommandModule["run"] = async ({ values, positionals }) => {
  const [path] = positionals;
  const under = policyAndTrust(values);
  const json = values["json"] === true;
  const tally: Tally = { judged: 0, not_admitted: 0, would_ship: 0, would_not: 0, gone: 0, by_code: {} };
  const listed: { name: string; reasons: readonly DeployReason[] }[] = [];
  const now = new Date();
  for await (const found of path === undefined ? ofNode(connect(values).client) : ofFiles(path)) {
    const reasons = count(tally, judge(found, under, now));
    if (tally.judged % PROGRESS_EVERY === 0) note(`  ${tally.judged} judged`);
    if (reasons.length === 0) continue;
    if (json && listed.length < LISTED_MAX) listed.push({ name: found.name, reasons });
    if (!json) print([`WOULD NOT SHIP  ${escapeTerminal(found.name)}`, ...reasons.flatMap(reasonLines)].join("\n"));
  }
  if (json) printJson({ ...tally, listed, listed_cut: Math.max(0, tally.would_not - listed.length) });
  else print(`${tally.would_ship} of ${tally.would_ship + tally.would_not} admits would ship; ${tally.not_admitted} refusals and holds; ${tally.gone} gone with their time`);
  return tally.would_not === 0 ? VERIFY_EXIT.verified : VERIFY_EXIT.failed;
};
