/** `maestro models verify` reads every byte of a model; `sha256sum` reads the same file in the same run. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { openLibrary } from "../daemon/models/library/index.ts";
import { openArtifacts } from "../daemon/store/artifacts.ts";
import { openStore } from "../daemon/store/db.ts";
import { openModels } from "../daemon/store/models.ts";
import { StoreLimits } from "../proto/config.ts";
import { type Bench, median } from "./figure.ts";

const MB = 1_000_000;
/** As long as the text model of the lock. */
const WEIGHTS_BYTES = 253 * MB;
const PIECE_BYTES = MB;
const ROUNDS = 5;

async function* weights(): AsyncGenerator<Uint8Array, void> {
  const piece = randomBytes(PIECE_BYTES);
  for (let left = WEIGHTS_BYTES; left > 0; left -= PIECE_BYTES) yield piece;
  yield Buffer.from("licence");
}

const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
};

export const bench: Bench = async (figure) => {
  const state_dir = mkdtempSync(join(tmpdir(), "maestro-models-verify-"));
  const opening = { state_dir, limits: Value.Create(StoreLimits) };
  const store = openStore({ ...opening, fatal: () => undefined });
  try {
    const { blobs } = await openArtifacts(opening);
    const library = openLibrary({ state_dir, models: openModels(store), blobs, limits: { file_bytes_max: 2 * WEIGHTS_BYTES, import_idle_ms: 60_000 }, now_s: () => 0, requireWritable: () => undefined, forget: () => Promise.resolve() });
    const said = { kind: "text", licence: { id: "MIT", summary: "MIT" }, context_tokens: 1, template: "none", quantisation: "", memory_bytes: 0 } as const;
    const taken_s = await seconds(() => library.import({ name: "m", origin: "file", said, files: [{ role: "weights", name: "m.gguf", bytes: WEIGHTS_BYTES }, { role: "licence", name: "LICENCE", bytes: 7 }] }, weights()));
    const path = blobs.fileOf(`sha256:${library.get("m").files[0]?.sha256 ?? ""}`);
    const [ours, theirs]: [number[], number[]] = [[], []];
    for (let i = 0; i < ROUNDS; i++) {
      ours.push(await seconds(() => library.verify("m")));
      theirs.push(await seconds(async () => Bun.spawn(["sha256sum", path], { stdout: "ignore" }).exited));
    }
    const [verified, summed] = [WEIGHTS_BYTES / MB / median(ours), WEIGHTS_BYTES / MB / median(theirs)];
    figure({ figure: "a model of 253 MB verified", value: verified, unit: "MB/s", better: "more", peer: { name: "sha256sum", value: summed }, goal: { ratio: 1 } });
    figure({ figure: "the same taken in, durable", value: WEIGHTS_BYTES / MB / taken_s, unit: "MB/s", better: "more", note: "received, hashed, synced and named" });
    await library.open("m");
    const again_s = await seconds(() => library.open("m"));
    figure({ figure: "opened again, unchanged", value: again_s * 1000, unit: "ms", better: "less", note: "each file is hashed once per start of the daemon, and again when inode, size or a time of it changed" });
  } finally {
    await store.close();
    rmSync(state_dir, { recursive: true, force: true });
  }
};
