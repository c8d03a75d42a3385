/** Other people's programs that only `npm run accept` needs: found where they are, or built once into the user's cache folder. */
import { requireOpa } from "../../policies/build.ts";
import { run } from "./accepts.ts";
import { cargoProgram, found, goInstalled, goOfModule, goProgram, missing, pythonPackage, type Found } from "./built.ts";

export type { Found } from "./built.ts";

async function firstLine(argv: readonly string[]): Promise<string> {
  const { stdout, stderr } = await run(argv);
  return /v?\d+\.\d+[^\s,]*/.exec(stdout || stderr)?.[0] ?? "unknown version";
}

/** A program of the distribution. */
export async function onPath(name: string, hint: string): Promise<Found> {
  const path = Bun.which(name);
  return path === null ? missing(name, hint) : found(name, await firstLine([path, "--version"]), path);
}

export async function opa(): Promise<Found> {
  const at = await requireOpa();
  return "because" in at ? missing("opa", at.because) : found("opa", await firstLine([at.path, "version"]), at.path);
}

/** Twenty seconds to build. */
export const crane = (): Promise<Found> => goInstalled("crane", "v0.22.1", "github.com/google/go-containerregistry/cmd/crane");

/** Half a minute to build. */
export const oras = (): Promise<Found> => goInstalled("oras", "v1.3.2", "oras.land/oras/cmd/oras");

/** Five minutes of processor time to build, and 141 MB. */
export const cosign = (): Promise<Found> => goInstalled("cosign", "v3.1.3", "github.com/sigstore/cosign/v3/cmd/cosign");

export const fsck = (): Promise<Found> => goInstalled("fsck", "v1.0.4", "github.com/transparency-dev/tessera/cmd/fsck");

/** Tessera's log of one run, which asks witnesses before it publishes. */
export const oneshot = (): Promise<Found> => goInstalled("posix-oneshot", "v1.0.4", "github.com/transparency-dev/tessera/cmd/examples/posix-oneshot");

/** `go install` of it fails, since its module's list of versions cannot be had. */
export const slsaVerifier = (): Promise<Found> => goOfModule("slsa-verifier", "v2.7.1", "github.com/slsa-framework/slsa-verifier/v2", "./cli/slsa-verifier");

const PEERS = `${import.meta.dir}/../peers`;
const XMOD = "v0.42.0";

/** The crate whose wire form our range proofs have; `version` is that of `bulletproofs`. */
export const rangecheck = (): Promise<Found> => cargoProgram("rangecheck", "5.0.0", `${PEERS}/rangecheck.rs`, ['bulletproofs = "5"', 'merlin = "3"', 'curve25519-dalek = "4"']);

/** Go's own checksum-database client, around a log folder. */
export const logcheck = (): Promise<Found> => goProgram("logcheck", XMOD, `${PEERS}/logcheck.go`, [`golang.org/x/mod ${XMOD}`]);

/** One receipt in the hands of Go's note and tlog packages and of transparency-dev's Merkle library, whose version it has. */
export const receiptcheck = (): Promise<Found> => goProgram("receiptcheck", "v0.0.2", `${PEERS}/receiptcheck.go`, [`golang.org/x/mod ${XMOD}`, "github.com/transparency-dev/merkle v0.0.2"]);

/** Prometheus' own packages over what a scrape gets, and over rules. */
export const promcheck = (version: string): Promise<Found> => goProgram("promcheck", version, `${PEERS}/promcheck.go`, [`github.com/prometheus/prometheus ${version}`]);

/** SARIF and JUnit in the hands of other people's readers. */
export const outputcheck = (sarif: string, junit: string): Promise<Found> => goProgram("outputcheck", `${sarif}-${junit}`, `${PEERS}/outputcheck.go`, [`github.com/joshdk/go-junit ${junit}`, `github.com/owenrumney/go-sarif/v3 ${sarif}`, "github.com/xeipuuv/gojsonschema v1.2.0"]);

/** A checkpoint with cosignatures in the hands of Go's note package and of transparency-dev's formats, whose version it has. */
export const cosigcheck = (): Promise<Found> => goProgram("cosigcheck", "v0.1.1", `${PEERS}/cosigcheck.go`, [`golang.org/x/mod ${XMOD}`, "github.com/transparency-dev/formats v0.1.1"]);

export const securesystemslib = (): Promise<Found> => pythonPackage("securesystemslib", "1.6.0", "securesystemslib", { extra: "[crypto]" });
/** CycloneDX's own library for Python, with the schemas it validates by. */
export const cyclonedx = (): Promise<Found> => pythonPackage("cyclonedx-python-lib", "11.12.0", "cyclonedx", { extra: "[json-validation]" });

export const inTotoAttestation = (): Promise<Found> => pythonPackage("in-toto-attestation", "0.9.3", "in_toto_attestation");

export const duckdb = (): Promise<Found> => pythonPackage("duckdb", "2.0.0", "duckdb");
/** With Arrow, which reads Parquet for it. */
export const pandas = (): Promise<Found> => pythonPackage("pandas", "3.1.1", "pandas", { extra: "[parquet]" });

export const numpy = (): Promise<Found> => pythonPackage("numpy", "2.4.6", "numpy");
export const mpmath = (): Promise<Found> => pythonPackage("mpmath", "1.4.1", "mpmath");
/** With numpy and scipy. */
export const vwEstimators = (): Promise<Found> => pythonPackage("vw-estimators", "0.2.2", "estimators", { source: true });
/** Its estimators call nothing of the five gigabytes of learners and pictures that it asks for, nor the Python of 2022: it comes with what they do call, and peers/opecheck.py stands in for the rest. */
export const obp = (): Promise<Found> => pythonPackage("obp", "0.5.7", "obp", { source: true, instead: ["numpy==2.4.6", "pandas==3.1.1", "scikit-learn==1.9.1", "pyyaml==6.0.3", "tqdm==4.67.1"] });
