/** Which arm wrote which drafts becomes a record: log entry and the promise of its bundle in one transaction, then the bundle under the gate's name. */
import { SigstoreBundle } from "../../proto/attestation.ts";
import { canonicalBytes, canonicalText, parseCanonical } from "../../proto/canonical.ts";
import { type Draft, type DraftReply } from "../../proto/drafting.ts";
import { fromBase64 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import { type DraftPredicate, DraftStatement } from "../../proto/predicates/draft.ts";
import { conductorPrompts } from "../drafting/phrasing/prompts.ts";
import type { Evidence } from "../evidence/index.ts";
import { lazyCheck } from "../platform/lazy-check.ts";
import type { Artifacts } from "../store/artifacts.ts";
import { draftNames, draftPromise, keepDraft, promisedTo, readDrafts } from "../store/draft-statements.ts";
import { type GateRow, type Gates, payerOf } from "../store/gates.ts";
import type { Outbox } from "../store/outbox.ts";
import { addEvidence, type Usage } from "../store/usage.ts";
import { BUNDLE_LIMITS, STATEMENT_LIMITS } from "../verifier/limits.ts";
import { mayHavePlace } from "./draft-floors.ts";
import { InTurn } from "./in-turn.ts";
import { tenantOf } from "./intakes.ts";
import type { StoredReply } from "./reply.ts";

export interface DraftSigningDeps {
  readonly artifacts: Artifacts;
  readonly evidence: Pick<Evidence, "drafted">;
  readonly gates: Pick<Gates, "get">;
  readonly outbox: Pick<Outbox, "hold" | "owed" | "pending" | "sent">;
  readonly usage: Usage;
}

type Row = Pick<GateRow, "gate_id" | "repo_id" | "owner_uid" | "owner_tenant"> & { readonly attempt: { readonly attempt: number } };
type Signed = NonNullable<DraftReply["signed"]>;
type Named = DraftPredicate["drafts"];

const isSigstore = lazyCheck(SigstoreBundle);
const isStatement = lazyCheck(DraftStatement);

/** A draft as a statement names it. */
function namedIn({ task, path, sha256, cost, model, prompt, asked, exemplars }: Draft): Named[number] {
  return { task, path, sha256, cost, ...(model === undefined ? {} : { model }), ...(prompt === undefined ? {} : { prompt }), ...(asked === undefined ? {} : { asked }), ...(exemplars === undefined ? {} : { exemplars }) };
}

/** Who wrote which text: what it took differs from one time to the next, and says nothing of that. */
const saidBy = ({ drafts, conductors }: Pick<DraftPredicate, "drafts" | "conductors">): string => canonicalText({ drafts: drafts.map(({ cost: _, ...rest }) => rest), conductors });

/** `null` for what no longer reads as one. */
function opened(bytes: Uint8Array): { readonly signed: Signed; readonly predicate: DraftPredicate } | null {
  const bundle: unknown = parseCanonical(bytes, BUNDLE_LIMITS);
  if (!isSigstore().Check(bundle)) return null;
  const statement: unknown = parseCanonical(fromBase64(bundle.dsseEnvelope.payload) ?? new Uint8Array(), STATEMENT_LIMITS);
  if (!isStatement().Check(statement)) return null;
  return { signed: { log_index: Number(bundle.verificationMaterial.tlogEntries[0]?.logIndex), bundle }, predicate: statement.predicate };
}

export class DraftSigning {
  private readonly turns = new InTurn();

  constructor(private readonly deps: DraftSigningDeps) {}

  /** Before anything is paid for; `lane`: whose it would be. Throws `draft.statements` where no further one has room, whatever it would say. */
  async requireRoom(row: Row, lane: string): Promise<void> {
    await this.free(row, lane);
  }

  /** Durable when it resolves. What was signed before, word for word, is given again. Throws `draft.statements`, and `record.expired` where the gate went meanwhile. */
  sign(row: Row, { card, proof }: Pick<StoredReply, "card" | "proof">, drafts: readonly Draft[], lane: string): Promise<Signed> {
    const { gate_id, attempt: { attempt } } = row;
    const claim = { mode: card.mode, repository: card.repository, gate_id, attempt, drafts: drafts.map(namedIn), conductors: conductorPrompts().map(({ ref }) => ref) };
    return this.turns.run(`${gate_id} ${attempt}`, async () => (await this.before(row, claim)) ?? this.append(row, claim, proof.manifest_root, lane));
  }

  private async before({ gate_id, attempt: { attempt } }: Row, claim: Pick<DraftPredicate, "drafts" | "conductors">): Promise<Signed | null> {
    for (const { bundle } of await readDrafts(this.deps.artifacts, gate_id, attempt)) {
      const found = bundle === null ? null : opened(bundle);
      if (found !== null && saidBy(found.predicate) === saidBy(claim)) return found.signed;
    }
    return null;
  }

  private async append(row: Row, claim: Parameters<Evidence["drafted"]>[0], manifest_root: string, lane: string): Promise<Signed> {
    const { artifacts, evidence, gates, outbox, usage } = this.deps;
    const name = await this.free(row, lane);
    const { gate_id, attempt: { attempt } } = row;
    const here = (): boolean => gates.get(gate_id, attempt) !== undefined;
    let bytes: Uint8Array = new Uint8Array();
    const { log_index, bundle } = await evidence.drafted(claim, manifest_root, (logged) => {
      // A throw undoes the transaction: nothing is said of a gate that is gone.
      if (!here()) throw gone(row);
      bytes = canonicalBytes(logged.bundle);
      addEvidence(usage, payerOf(row), bytes.length);
      outbox.hold({ id: logged.log_index, name, blobs: draftPromise(bytes, lane) });
    });
    await keepDraft(artifacts, name, draftPromise(bytes, lane));
    outbox.sent(log_index);
    if (here()) return { log_index, bundle };
    // It went between the entry and the file, and took along what was there.
    await artifacts.removeNames([name]);
    throw gone(row);
  }

  /** The next name that nothing has and nothing is promised. What nobody knows who asked for is the gate's own tenant's. */
  private async free(row: Row, lane: string): Promise<string> {
    const { artifacts, outbox } = this.deps;
    const { gate_id, attempt: { attempt }, owner_tenant: tenant = null, owner_uid: uid } = row;
    const kept = new Map((await readDrafts(artifacts, gate_id, attempt)).map(({ name, asked_by }) => [name, asked_by]));
    const owed = outbox.owed();
    const has = (name: string): boolean => kept.has(name) || owed.has(name);
    const names = draftNames(gate_id, attempt);
    const [taken, name] = [names.filter(has), names.find((each) => !has(each))];
    if (name === undefined) throw full(row, taken.length, "no further one has room");
    // One whose file found no room is its asker's too: else a full disk would give one tenant every place.
    const promised = new Map(taken.every((each) => kept.has(each)) ? [] : outbox.pending().map((one) => [one.name, promisedTo(one.blobs)]));
    const held = taken.map((each) => kept.get(each) ?? promised.get(each) ?? tenantOf({ tenant, uid }));
    if (!mayHavePlace(held, lane, row)) throw full(row, taken.length, "the room that is left is kept for the other tenants of that repository");
    return name;
  }
}

const gone = ({ gate_id, attempt: { attempt } }: Row): MaestroError => new MaestroError("record.expired", `attempt ${attempt} of ${gate_id} went while drafts of it were written, so nothing was signed; maestro lineage says when`);
const full = ({ gate_id, attempt: { attempt } }: Row, signed: number, because: string): MaestroError => new MaestroError("draft.statements", `${signed} statements about drafts of attempt ${attempt} of ${gate_id} are signed, and ${because}; without --out drafts are written as before`);
