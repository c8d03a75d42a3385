/** `maestro learn export`: a folder of Parquet files, whole or not there at all. */
import { closeSync, mkdirSync, openSync, renameSync, rmdirSync, rmSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { fromBase64 } from "../../../proto/encoding.ts";
import { OWN_ROUTER_IDS } from "../../../proto/episode.ts";
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import type { ExportCounts, ExportEnd, ExportFile, ExportRequest } from "../../../proto/partition.ts";
import { nearest } from "../../../proto/suggest.ts";
import type { MaestroClient } from "../../client/maestro.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { textOf, type Values } from "../command.ts";
import { connect } from "../connect.ts";
import { printJson } from "../document.ts";
import { newFolder } from "../new-folder.ts";
import { note, print } from "../output.ts";
import { undone } from "../undone.ts";
import { required } from "../values.ts";
import { timeOf } from "./time.ts";

const SPLITS: readonly string[] = ["search", "safety", "all"];

/** Throws `cli.usage`. */
function requestOf(router: string, values: Values): ExportRequest {
  const split = textOf(values, "split") ?? "search";
  if (!SPLITS.includes(split)) throw new MaestroError("cli.usage", `--split takes ${SPLITS.join(", ")}, not ${JSON.stringify(split)}`);
  const [from_ms, to_ms] = [timeOf(values, "from"), timeOf(values, "to")];
  return { router, split: split as NonNullable<ExportRequest["split"]>, unlearnable: values["unlearnable"] === true, ...(from_ms === undefined ? {} : { from_ms }), ...(to_ms === undefined ? {} : { to_ms }) };
}

/** One file, written as it comes and compared with what was said of it. */
class Incoming {
  private readonly hash = new Bun.CryptoHasher("sha256");
  private readonly fd: number;

  constructor(folder: string, private readonly file: ExportFile) {
    const path = join(folder, `router=${file.router}`, `hour=${file.hour}`, "part-0.parquet");
    mkdirSync(dirname(path), { recursive: true });
    this.fd = openSync(path, "wx", 0o644);
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) at += writeSync(this.fd, bytes, at);
    this.hash.update(bytes);
  }

  end(): void {
    closeSync(this.fd);
    if (this.hash.digest("hex") !== this.file.sha256) throw new MaestroError("worker.protocol", `the file of ${this.file.hour} came with other bytes than the daemon named`);
  }
}

/** What the daemon names becomes part of a path here. Throws `worker.protocol`. */
function placed(file: ExportFile, router: string): ExportFile {
  if (file.router !== router || !/^\d{4}-\d\d-\d\dT\d\d$/.test(file.hour)) throw new MaestroError("worker.protocol", "the daemon sent a file that was not asked for");
  return file;
}

async function receive(client: Pick<MaestroClient, "exportEpisodes">, request: ExportRequest, folder: string): Promise<ExportEnd> {
  let current: Incoming | null = null;
  let end: ExportEnd | undefined;
  for await (const event of client.exportEpisodes(request)) {
    if (event.event === "piece") {
      const bytes = fromBase64(event.bytes);
      if (bytes === null || current === null) throw new MaestroError("worker.protocol", "the daemon's reply carries no strict base64");
      current.write(bytes);
      continue;
    }
    current?.end();
    current = event.event === "file" ? new Incoming(folder, placed(event, request.router)) : null;
    if (event.event === "end") end = event;
  }
  if (end === undefined) throw new MaestroError("worker.protocol", "the daemon's reply ended before the export did");
  return end;
}

/** For stderr: nobody takes a part for the whole. */
function countLines({ exported, exported_safety, exported_unlearnable, left_out_split, left_out_unlearnable }: ExportCounts, { split }: ExportRequest): string[] {
  const half = split === "safety" ? "search" : "safety";
  return [
    `${exported} episodes exported`,
    ...(exported_safety > 0 ? [`  ${exported_safety} of them from the safety half: a candidate that was looked for in these cannot be judged by them`] : []),
    ...(exported_unlearnable > 0 ? [`  ${exported_unlearnable} of them nothing is learned from: forced, still open or without a reward; column learnable is false`] : []),
    ...(left_out_split > 0 ? [`${left_out_split} left out, of the ${half} half (--split all)`] : []),
    ...(left_out_unlearnable > 0 ? [`${left_out_unlearnable} left out: forced, still open or without a reward (--unlearnable)`] : []),
  ];
}

/** A name that was typed wrong has no decisions, and that must not look like a router of which nothing is kept. */
async function requireKnown(client: Pick<MaestroClient, "learning">, { router }: ExportRequest, { exported, left_out_split, left_out_unlearnable }: ExportCounts): Promise<void> {
  if (exported + left_out_split + left_out_unlearnable > 0) return;
  const known = [...(await client.learning()).routers.map(({ id }) => id), ...OWN_ROUTER_IDS];
  if (known.includes(router)) return;
  const meant = nearest(router, known);
  throw new MaestroError("request.not_found", `no router ${JSON.stringify(router)} is configured and no decision of one is kept; ${meant === null ? `there are ${known.join(", ")}` : `did you mean ${meant}?`}`);
}

/** Throws `cli.usage`, `restore.occupied` for a folder that holds something, `request.not_found` for a router that never was, and what the daemon answers. */
export async function exportEpisodes(router: string | undefined, values: Values): Promise<number> {
  if (router === undefined) throw new MaestroError("cli.usage", "learn export needs a ROUTER; see `maestro learn --help`");
  const request = requestOf(router, values);
  const folder = newFolder(required("learn export", values, "out"));
  const fresh = `${folder}.${process.pid}.part`;
  await undone(() => rmSync(fresh, { recursive: true, force: true }), async () => {
    mkdirSync(fresh, { recursive: true, mode: 0o700 });
    const { client } = connect(values);
    const { files, counts } = await receive(client, request, fresh);
    await requireKnown(client, request, counts);
    try {
      rmdirSync(folder);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    }
    renameSync(fresh, folder);
    for (const line of countLines(counts, request)) note(line);
    if (values["json"] === true) printJson({ folder, files, ...counts });
    else print(escapeTerminal(folder));
  });
  return EXIT.admit;
}
