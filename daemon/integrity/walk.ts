/** Everything that is kept, looked at once, in small steps, so that the caller decides how fast. */
import { join } from "node:path";
import { canonicalBytes } from "../../proto/canonical.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { AuditStep } from "../evidence/log/audit.ts";
import { auditEnded } from "../evidence/log/ended.ts";
import { namesIn } from "../platform/folders.ts";
import type { Artifacts } from "../store/artifacts.ts";
import type { Store } from "../store/db.ts";
import { sha256Digest } from "../store/blobs.ts";
import { artifactName, GATE_ROW_MEDIA_TYPE, type GateRow, type Gates } from "../store/gates.ts";
import type { ModelTable } from "../store/models.ts";
import type { Outbox } from "../store/outbox.ts";
import type { NoteKey } from "../verifier/note.ts";
import type { Holds } from "../store/tombstones.ts";
import { draftProblem } from "./draft-blobs.ts";
import { HOLD_FILE } from "./hold-file.ts";
import { holdsProblem } from "./holding.ts";
import { checkRepositories } from "./packs.ts";
import { contradictions, saidIn } from "./row-check.ts";
import { type Step, within } from "./step.ts";

export interface Parts {
  readonly state_dir: string;
  readonly store: Pick<Store, "scanner">;
  readonly gates: Gates;
  readonly artifacts: Artifacts;
  readonly outbox: Pick<Outbox, "owed">;
  readonly models: Pick<ModelTable, "all">;
  readonly log: () => AsyncGenerator<AuditStep, void>;
  /** Of every log that the trust file knows. */
  readonly log_keys: readonly NoteKey[];
  /** Whether the reply of a gate went because its time was over. */
  readonly expired: (name: string) => boolean;
  readonly holds: Pick<Holds, "all">;
  /** Throws `evidence.keys` where a private key is not what it was. */
  readonly keys: () => void;
}

type Named = Omit<Step, "area">;
const SLICE_RECORDS = 256;
const HOLDING_MS = 50;

/** Records by their own hash and key, and as many of them as the table says it has. */
async function* database({ store: { scanner } }: Parts): AsyncGenerator<Named, void> {
  yield { name: "the tables", bytes: 0, problem: scanner.listed() };
  for (const table of scanner.tables()) {
    const before = scanner.transaction();
    let records = 0;
    let next: Parameters<typeof scanner.slice>[1];
    do {
      const slice = scanner.slice(table, next, SLICE_RECORDS);
      records += slice.records;
      next = slice.next;
      yield { name: `${table}, ${slice.records} records`, bytes: slice.bytes, problem: null };
      for (const { key, what } of slice.damaged) yield { name: `${table} ${key}`, bytes: 0, problem: what };
    } while (next !== undefined);
    // Only what nobody wrote to meanwhile can be counted twice.
    const says = scanner.count(table);
    if (scanner.transaction() === before && says !== records) yield { name: table, bytes: 0, problem: `${records} records can be reached, the table says ${says}` };
  }
}

async function* blobs({ artifacts }: Parts): AsyncGenerator<Named, void> {
  for await (const { name, digest } of artifacts.blobs.list()) {
    if (digest === null) {
      yield { name, bytes: 0, problem: "its name is no digest" };
      continue;
    }
    const { size, problem } = await artifacts.blobs.check(digest);
    // Removed between the listing and the look: gc did that.
    if (problem !== "it is missing") yield { name: digest, bytes: size, problem };
  }
}

async function* named({ artifacts, gates, outbox }: Parts): AsyncGenerator<Named, void> {
  const isGate = (name: string): boolean => {
    const [, id, attempt] = /^gate-([a-z2-7]+)-(\d+)$/.exec(name) ?? [];
    return gates.get(`gate:${id ?? ""}`, Number(attempt)) !== undefined || outbox.owed().has(name);
  };
  for (const name of artifacts.names()) yield { name, bytes: 0, problem: (await artifacts.checkArtifact(name)) ?? (await draftProblem(artifacts, name, isGate)) };
}

/** Every file of every model is there; its bytes are looked at among the blobs. */
async function* modelled({ artifacts, models }: Parts): AsyncGenerator<Named, void> {
  for (const { name, files } of models.all()) {
    const gone: string[] = [];
    for (const file of files) if (!(await artifacts.blobs.has(`sha256:${file.sha256}`))) gone.push(file.name);
    yield { name, bytes: 0, problem: gone.length === 0 ? null : `${gone.join(" and ")} is gone; import the model again` };
  }
}

/** What a gate on record has not: its reply, its bundle, its name. */
async function lackingOf({ artifacts, expired }: Parts, row: GateRow, name: string): Promise<string[]> {
  const [reply, bundle, artifact] = await Promise.all([artifacts.blobs.has(row.reply), artifacts.blobs.has(row.bundle), artifacts.getArtifact(name)]);
  const kept = artifact?.manifest.layers[0]?.digest === row.bundle;
  return [...(reply || expired(name) ? [] : ["its reply"]), ...(bundle ? [] : ["its bundle"]), ...(kept ? [] : ["its name among the artifacts"])];
}

/** A row that is sound in itself may have been changed together with its hash; its bundle cannot be. What is damaged or gone by now is said elsewhere. */
async function compared({ artifacts }: Parts, row: GateRow): Promise<Omit<Named, "name">> {
  const bytes = await artifacts.blobs.get(row.bundle).catch((error: unknown) => {
    if (error instanceof MaestroError && error.code === "store.corrupt") return undefined;
    throw error;
  });
  const said = bytes === undefined ? null : saidIn(bytes);
  const differs = said === null ? [] : contradictions(row, said);
  const kept = (await artifacts.getArtifact(artifactName(row.gate_id, row.attempt.attempt)))?.manifest.layers.find(({ mediaType }) => mediaType === GATE_ROW_MEDIA_TYPE);
  // Whose it is, and its reply, stand in no bundle; the artifact holds the row as it was written.
  if (differs.length === 0 && kept !== undefined && kept.digest !== sha256Digest(canonicalBytes(row))) differs.push("it is not the row that its artifact holds");
  return { bytes: bytes?.length ?? 0, problem: differs.length === 0 ? null : differs.join("; ") };
}

/** Every gate on record has its reply and its bundle, under its name, and says what was signed. What is promised and not yet written lacks nothing. */
async function* recorded(parts: Parts): AsyncGenerator<Named, void> {
  const { gates, outbox } = parts;
  const rows = gates.count();
  const places = gates.places();
  if (rows !== places) yield { name: "order", bytes: 0, problem: `${places} places for ${rows} gates` };
  for (const row of gates.all()) {
    const name = artifactName(row.gate_id, row.attempt.attempt);
    let lacking = await lackingOf(parts, row, name);
    // A gate may be recorded at this moment: its promise is looked at after the files, and they once more after that.
    if (lacking.length > 0) lacking = outbox.owed().has(name) ? [] : await lackingOf(parts, row, name);
    yield lacking.length > 0 ? { name, bytes: 0, problem: `${lacking.join(" and ")} is gone` } : { name, ...(await compared(parts, row)) };
  }
}

async function* ended({ state_dir, log_keys }: Parts): AsyncGenerator<Named, void> {
  const folder = join(state_dir, "logs");
  for (const origin of await namesIn(folder)) {
    const own = log_keys.filter(({ name }) => name === origin);
    for await (const step of auditEnded(join(folder, origin), own)) yield { ...step, name: `${origin} ${step.name}` };
  }
}

function* keyFiles({ keys }: Parts): Generator<Named, void> {
  keys();
  yield { name: "keys", bytes: 0, problem: null };
}

/** A hold may be placed at this moment, first in the file and then in the database; so what is wrong is looked at once more. */
async function* held({ state_dir, holds }: Parts): AsyncGenerator<Named, void> {
  let problem = await holdsProblem(state_dir, holds);
  if (problem !== null) {
    await Bun.sleep(HOLDING_MS);
    problem = await holdsProblem(state_dir, holds);
  }
  yield { name: HOLD_FILE, bytes: 0, problem };
}

/** In an order in which the cheapest and weightiest come first. */
export async function* walk(parts: Parts): AsyncGenerator<Step, void> {
  yield* within("keys", keyFiles(parts));
  yield* within("database", database(parts));
  yield* within("holds", held(parts));
  yield* within("log", parts.log());
  yield* within("gates", recorded(parts));
  yield* within("artifacts", named(parts));
  yield* within("models", modelled(parts));
  yield* within("blobs", blobs(parts));
  yield* within("ended logs", ended(parts));
  yield* within("packs", checkRepositories(join(parts.state_dir, "repositories")));
}
