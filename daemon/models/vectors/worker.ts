/** The index process: usearch is native code that reads files, so it is not in the daemon, nor beside the embedding model, which a broken index then leaves alone. */
import { Type } from "@sinclair/typebox";
import { fromBase64 } from "../../../proto/encoding.ts";
import { validatorOf } from "../../platform/process/envelope.ts";
import { serveEngine } from "../engine/serve.ts";
import { fromHalf } from "./half.ts";
import { Graph, type LoadedSpace, Matrix, nameFile } from "./loaded.ts";
import { usearchIn } from "./usearch.ts";
import { IndexJob, type IndexOpened, type IndexReply, IndexSetup } from "./wire.ts";

const jobOf = validatorOf(Type.Union([IndexSetup, IndexJob]));

const spaces = new Map<string, LoadedSpace>();
let folder = "/";
let engine: ReturnType<typeof usearchIn> = null;

function start(setup: IndexSetup): IndexOpened {
  folder = setup.folder;
  engine = usearchIn(setup.engine_folder);
  return { usearch: engine === null ? null : `usearch ${engine.version}` };
}

function halves(text: string): Float32Array {
  const bytes = fromBase64(text);
  if (bytes === null) throw new Error("vectors that are not Base64");
  return fromHalf(bytes);
}

function openSpace({ space, way, dimensions, file }: Extract<IndexJob, { do: "open" }>): IndexReply {
  const usearch = engine?.usearch;
  const read = way === "graph" && usearch !== undefined && file !== null ? Graph.read(usearch, dimensions, folder, space, file) : null;
  const made = way === "graph" && usearch !== undefined ? Graph.empty(usearch, dimensions, folder, space) : new Matrix(dimensions);
  spaces.set(space, read ?? made);
  return { open: true, from_file: read !== null };
}

function work(job: IndexJob): IndexReply {
  if (job.do === "open") return openSpace(job);
  const space = spaces.get(job.space);
  if (space === undefined) return { open: false };
  switch (job.do) {
    case "add":
      space.add(job.ids, halves(job.halves));
      return { open: true, bytes: space.bytes };
    case "remove":
      space.remove(job.ids);
      return { open: true, bytes: space.bytes };
    case "search":
      return { open: true, found: space.search(halves(job.query), job.k) };
    case "write":
      return { open: space.write() };
    case "name":
      return { open: true, sha256: nameFile(folder, job.space) };
    case "close":
      spaces.delete(job.space);
      return { open: true };
  }
}

// No await at the top level: a program of one file has none.
void serveEngine({
  validate: jobOf,
  handle: async (job) => ("engine_folder" in job ? start(job) : work(job)),
  close: async () => spaces.clear(),
});
