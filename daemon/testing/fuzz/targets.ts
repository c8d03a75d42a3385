/** Every parser that bytes from outside reach, with sound inputs for each. */
import { canonicalBytes, parseCanonical, parseStrict } from "../../../proto/canonical.ts";
import { utf8 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { jsonLines } from "../../client/lines.ts";
import { parseHostConfig } from "../../config/host.ts";
import { parseRepositoryConfig } from "../../config/repository.ts";
import { readYaml as readWorkflow } from "../../gate/checks/reading/yaml.ts";
import { ArchiveError } from "../../platform/archive/error.ts";
import { gunzip } from "../../platform/archive/gzip.ts";
import { readTar } from "../../platform/archive/tar.ts";
import { tar, tarGz } from "../../platform/archive/testing/tar.ts";
import { encodeFrame, FrameDecoder } from "../../platform/process/frames.ts";
import { readBundle } from "../../policy/index.ts";
import { verifyBundle } from "../../verifier/index.ts";
import { parseCheckpoint } from "../../verifier/checkpoint.ts";
import { parseNote, parseVerifierKey } from "../../verifier/note.ts";
import { parseTlogProof } from "../../verifier/tlog-proof.ts";
import { makeBundle, newRing, NOW } from "../evidence.ts";
import type { Target } from "./fuzz.ts";
import { GIT_TARGETS } from "./git-targets.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const ours = (error: unknown): boolean => error instanceof MaestroError;
const never = (): boolean => false;
const QUICK_MS = 1_000;
/** Nesting alone costs the YAML parser 0.8 s in 64 KB; the limit of a configuration is chosen by that. */
const YAML_MS = 5_000;

const FRAME_LIMITS = { frame_bytes_max: 32 * 1024, depth_max: 16, values_max: 1_000 };
const JSON_LIMITS = { bytes_max: 64 * 1024, depth_max: 32 };
const DOCUMENT = { a: [1, "two", null, true, { b: "\u00e9\ud83d\ude00" }], c: { d: -7 }, e: "" };
const CONFIG = "version: 1\nrules:\n  size.unreviewable: { human: hold }\nrequired: [secrets, paths]\nthresholds:\n  size_lines_max: 400\n";
const HOST = "version: 1\ntrust_domain: example\nmodes: [local]\nlimits:\n  gate: { gates_max: 2 }\n";
const WORKFLOW = "on: { push: {} }\npermissions: &p\n  contents: read\njobs:\n  a:\n    permissions: *p\n    steps:\n      - run: |\n          echo a\n      - uses: x/y@v1\n";
const ring = newRing();
const bundle = makeBundle(ring);
const NOTE = "origin.example\n7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n\u2014 origin.example AAAAAAAAAA==\n";

/** Splits at every length once, so that a boundary may lie anywhere in a frame. */
function* pieces(bytes: Uint8Array): Generator<Uint8Array, void> {
  for (let at = 0, size = 1; at < bytes.length; at += size++) yield bytes.subarray(at, at + size);
}

async function* streamed(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield* pieces(bytes);
}

const jsonTargets: readonly Target[] = [
  {
    name: "frames",
    sound: [encodeFrame({ id: 1, job: DOCUMENT }, 10_000), Buffer.concat([encodeFrame({ kind: "ready" }, 100), encodeFrame([1, [2, [3]]], 100)])],
    read(bytes) {
      const decoder = new FrameDecoder(FRAME_LIMITS);
      for (const piece of pieces(bytes)) for (const frame of decoder.push(piece)) JSON.stringify(frame);
    },
    refuses: ours,
    input_ms_max: QUICK_MS,
  },
  { name: "json", sound: [utf8(JSON.stringify(DOCUMENT)), utf8('{"__proto__":{"x":1},"n":12.5e-3}')], read: (bytes) => parseStrict(bytes, JSON_LIMITS), refuses: ours, input_ms_max: QUICK_MS },
  {
    name: "canonical",
    sound: [canonicalBytes(DOCUMENT)],
    read(bytes) {
      // Whatever is taken is written again as the same bytes; else two files would have one meaning.
      const again = canonicalBytes(parseCanonical(bytes, JSON_LIMITS));
      if (Buffer.compare(again, bytes) !== 0) throw new Error("taken, though it is not canonical");
    },
    refuses: ours,
    input_ms_max: QUICK_MS,
  },
  {
    name: "lines",
    sound: [utf8('{"event":"progress"}\n{"event":"result","n":1}\n')],
    async read(bytes) {
      for await (const line of jsonLines(streamed(bytes), 4_096)) JSON.stringify(line);
    },
    // A body that is not UTF-8 is Bun's own TypeError, and breaks the reply off like any other.
    refuses: (error) => ours(error) || error instanceof TypeError,
    input_ms_max: QUICK_MS,
  },
];

const yamlTargets: readonly Target[] = [
  { name: "maestro-yaml", sound: [utf8(CONFIG)], read: parseRepositoryConfig, refuses: ours, input_ms_max: YAML_MS },
  { name: "host-yaml", sound: [utf8(HOST)], read: (bytes) => parseHostConfig(bytes, "maestrod.yaml"), refuses: ours, input_ms_max: YAML_MS },
  { name: "workflow-yaml", sound: [utf8(WORKFLOW)], read: (bytes) => readWorkflow(text(bytes), { characters_max: 16 * 1024, aliases_max: 100 }), refuses: never, input_ms_max: YAML_MS },
];

const evidenceTargets: readonly Target[] = [
  {
    name: "bundle",
    sound: [bundle],
    read(bytes) {
      const { result } = verifyBundle(bytes, ring.trust, { now: NOW });
      if (result === "verified" && Buffer.compare(bytes, bundle) !== 0) throw new Error("a mutant was verified");
    },
    refuses: never,
    input_ms_max: QUICK_MS,
  },
  { name: "trust", sound: [ring.trust], read: (bytes) => verifyBundle(bundle, bytes, { now: NOW }), refuses: never, input_ms_max: QUICK_MS },
  {
    name: "note",
    sound: [utf8(NOTE), utf8("origin.example+deadbeef+AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB"), utf8(`c2sp.org/tlog-proof@v1\nindex 3\nAAAA\n\n${NOTE}`)],
    read: (bytes) => [parseNote, parseCheckpoint, parseTlogProof, parseVerifierKey].map((parse) => parse(text(bytes))),
    refuses: never,
    input_ms_max: QUICK_MS,
  },
];

const archiveTargets: readonly Target[] = [
  {
    name: "tar",
    sound: [tar([{ name: "a", content: "x" }, { name: "b/c", content: "y".repeat(600) }])],
    read(bytes) {
      for (const name of readTar(bytes, { entries_max: 8 }).keys()) {
        if (name.startsWith("/") || name.split("/").includes("..")) throw new Error(`taken: ${name}`);
      }
    },
    refuses: (error) => error instanceof ArchiveError,
    input_ms_max: QUICK_MS,
  },
  { name: "gzip", sound: [tarGz([{ name: "a", content: "hello ".repeat(50) }])], read: (bytes) => gunzip(bytes, { packed_bytes_max: 1 << 20, unpacked_bytes_max: 1 << 20, ratio_max: 100 }), refuses: (error) => error instanceof ArchiveError, input_ms_max: QUICK_MS },
  { name: "policy", sound: [tarGz([{ name: "/data.json", content: "{}" }, { name: "/policy.wasm", content: "\0asm" }, { name: "/.manifest", content: '{"wasm":[{"entrypoint":"maestro/gate/answer"}]}' }])], read: (bytes) => readBundle(bytes, "fuzz"), refuses: ours, input_ms_max: QUICK_MS },
];

export const TARGETS: readonly Target[] = [...jsonTargets, ...yamlTargets, ...evidenceTargets, ...archiveTargets, ...GIT_TARGETS];
