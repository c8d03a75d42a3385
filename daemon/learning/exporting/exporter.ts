/** Episodes for whoever asks, hour by hour: only what the asker may see, and of that only what it asked for. */
import { createReadStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { toBase64 } from "../../../proto/encoding.ts";
import type { Episode } from "../../../proto/episode.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { ExportCounts, ExportEvent, ExportRequest } from "../../../proto/partition.ts";
import { Lane } from "../../checking/lane.ts";
import { letOthersRun } from "../episodes/turns.ts";
import { hourName } from "./hours.ts";
import type { PartitionDeps } from "./partitions.ts";
import { PartitionSink } from "./sink.ts";

export type ExporterDeps = Pick<PartitionDeps, "scratch_dir" | "source" | "pool" | "deadline_ms">;

export interface Asker {
  /** Whose episodes are read; null for everybody's. */
  readonly sees: string | null;
  /** In whose share of the check processes the files are written. */
  readonly lane: string;
}

/** A client that reads slower gets its file without a check process standing by. */
const LANE_HELD_MS = 250;
/** In base64 and its line well below what a connection buffers. */
const PIECE_BYTES = 48 * 1024;

interface Begun {
  readonly hour: string;
  readonly path: string;
  readonly sink: PartitionSink;
}

type Counts = { -readonly [Of in keyof ExportCounts]: number };

export class Exporter {
  /** Who has one under way: each takes a check process and the core's time, and a slow reader's takes long. */
  private readonly running = new Set<string>();

  constructor(private readonly deps: ExporterDeps) {}

  /** Throws `request.busy` where the same asker has one under way, and what a check process that is lost means. */
  async *run(request: ExportRequest, asker: Asker, signal: AbortSignal): AsyncGenerator<ExportEvent, void> {
    if (this.running.has(asker.lane)) throw new MaestroError("request.busy", "another export of yours is under way; ask again");
    this.running.add(asker.lane);
    try {
      await using lane = new Lane(this.deps.pool, signal, asker.lane);
      yield* this.files(request, asker, lane, signal);
    } finally {
      this.running.delete(asker.lane);
    }
  }

  private async *files(request: ExportRequest, asker: Asker, lane: Lane, signal: AbortSignal): AsyncGenerator<ExportEvent, void> {
    const { router, from_ms = 0, to_ms = Number.MAX_SAFE_INTEGER } = request;
    const { source } = this.deps;
    const counts: Counts = { exported: 0, exported_safety: 0, exported_unlearnable: 0, left_out_split: 0, left_out_unlearnable: 0 };
    let begun: Begun | null = null;
    let files = 0;
    try {
      for (const page of source.pages({ router, from_ms, to_ms, sees: asker.sees })) {
        await letOthersRun();
        if (signal.aborted) throw new MaestroError("request.cancelled", "nobody waits for this export any more", { cause: signal.reason });
        for (const episode of page) {
          const learnable = source.learnable(episode);
          if (!wants(request, episode, learnable, counts)) continue;
          const hour = hourName(episode.at_ms);
          if (begun !== null && begun.hour !== hour) {
            yield* this.sent(lane, router, begun);
            begun = null;
            files += 1;
          }
          begun ??= await this.begin(lane, router, hour);
          await begun.sink.add({ episode, learnable });
        }
      }
      if (begun !== null) {
        yield* this.sent(lane, router, begun);
        files += 1;
      }
    } finally {
      if (begun !== null) {
        await begun.sink.settled();
        await rm(begun.path, { force: true });
      }
    }
    yield { event: "end", files, counts };
  }

  private async begin(lane: Lane, router: string, hour: string): Promise<Begun> {
    const { scratch_dir, source, deadline_ms } = this.deps;
    await mkdir(scratch_dir, { recursive: true, mode: 0o700 });
    const path = join(scratch_dir, `export-${crypto.randomUUID()}`);
    return { hour, path, sink: new PartitionSink(lane, path, { router, hour }, source.declared(router), deadline_ms) };
  }

  private async *sent(lane: Lane, router: string, { hour, path, sink }: Begun): AsyncGenerator<ExportEvent, void> {
    const { rows, bytes, sha256 } = await sink.end();
    yield { event: "file", router, hour, rows, bytes, sha256 };
    const stream = createReadStream(path, { highWaterMark: PIECE_BYTES }) as AsyncIterable<Buffer>;
    const held_until = performance.now() + LANE_HELD_MS;
    for await (const piece of stream) {
      yield { event: "piece", bytes: toBase64(piece) };
      if (performance.now() > held_until) await lane.rest();
    }
    await rm(path, { force: true });
  }
}

/** Whether it is asked for; counted either way, so that nobody takes a part for the whole. */
function wants({ split = "search", unlearnable = false }: ExportRequest, episode: Episode, learnable: boolean, counts: Counts): boolean {
  if (split !== "all" && episode.split !== split) {
    counts.left_out_split += 1;
    return false;
  }
  if (!learnable && !unlearnable) {
    counts.left_out_unlearnable += 1;
    return false;
  }
  counts.exported += 1;
  if (episode.split === "safety") counts.exported_safety += 1;
  if (!learnable) counts.exported_unlearnable += 1;
  return true;
}
