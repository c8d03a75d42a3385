/**
 * A release of an artifact in the hands of other people's tools: in a namespace without any network, in a folder that holds the artifact, what
 * `maestro verify --extract` and `maestro trust export` wrote and nothing else; and hung on a released image, in a layout and in a registry.
 */
import { afterAll, beforeAll, describe, expect } from "bun:test";
import { copyFileSync, cpSync, mkdirSync, readFileSync, readdirSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { World } from "../daemon/e2e/testing/world.ts";
import { ROOT } from "../daemon/house/sources.ts";
import { newSigner } from "../daemon/testing/evidence.ts";
import { PACKAGE_RELEASE_PREDICATE, SHIPMENT_PREDICATE } from "../proto/predicates/shipping-types.ts";
import { VSA_PREDICATE } from "../proto/predicates/derived.ts";
import { SHIPMENT_BUNDLE_MEDIA_TYPE } from "../proto/shipment-bundle.ts";
import { accepts, output, run, type Ended } from "./rig/accepts.ts";
import { emptyRegistry } from "./rig/registry.ts";
import { cosign, crane, inTotoAttestation, onPath, oras, receiptcheck, securesystemslib } from "./rig/tools.ts";

const [cosignTool, receipts, dsse, statements, bwrap, skopeo, craneTool, orasTool] = await Promise.all([
  cosign(), receiptcheck(), securesystemslib(), inTotoAttestation(), onPath("bwrap", "install bubblewrap"), onPath("skopeo", "install the package skopeo of your distribution"), crane(), oras(),
]);
const sigstore = { name: "@sigstore/verify", version: (JSON.parse(readFileSync(join(ROOT, "node_modules/@sigstore/verify/package.json"), "utf8")) as { version: string }).version };

const ARTIFACT = "app.tar";
/** By the name that stands between the artifact's and `.sigstore.json`. */
const TYPES = { shipment: SHIPMENT_PREDICATE, release: PACKAGE_RELEASE_PREDICATE } as const;
type Name = keyof typeof TYPES;
const NAMES = ["shipment", "release"] as const;
const REF = "org.opencontainers.image.ref.name";

interface Entry {
  readonly digest: string;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

const world = new World();
const folder = world.path("stranger");
const layout = world.path("layout");
let pem = "";
let vkey = "";
let image = "";
let file: Uint8Array;

const at = (name: string): string => join(folder, name);
const bundleOf = (name: Name): string => `${ARTIFACT}.${name}.sigstore.json`;
const json = <T>(name: string): T => JSON.parse(readFileSync(at(name), "utf8")) as T;
const put = (name: string, value: unknown): string => {
  writeFileSync(at(name), JSON.stringify(value));
  return name;
};
const pemOf = (spki: Uint8Array): string => `-----BEGIN PUBLIC KEY-----\n${Buffer.from(spki).toString("base64")}\n-----END PUBLIC KEY-----\n`;
const index = (): readonly Entry[] => (JSON.parse(readFileSync(join(layout, "index.json"), "utf8")) as { manifests: Entry[] }).manifests;
const tagged = (start: string): Entry => index().find(({ annotations }) => annotations?.[REF]?.startsWith(start) === true) ?? expect.unreachable(`the layout has no ${start}`);

/** The folder, the tool, and the system's libraries, read-only; no network, no home, no environment. */
async function alone(tool: string, args: readonly string[], binds: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const system = ["/usr", "/lib", "/lib64", "/bin"].flatMap((path) => ["--ro-bind-try", path, path]);
  const own = [tool, ...binds].flatMap((path) => ["--ro-bind", path, path]);
  const set = Object.entries({ PATH: "/usr/bin:/bin", HOME: "/nonexistent", ...env }).flatMap(([name, value]) => ["--setenv", name, value]);
  return run([bwrap.path(), "--unshare-all", "--die-with-parent", "--clearenv", ...set, ...system, "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", ...own, "--ro-bind", folder, "/evidence", "--chdir", "/evidence", tool, ...args]);
}

type Envelope = { dsseEnvelope: { payload: string }; verificationMaterial: { tlogEntries: { inclusionProof: { hashes: string[] } }[] } };

function changed(name: Name, as: string, change: (bundle: Envelope) => void): string {
  const bundle = json<Envelope>(bundleOf(name));
  change(bundle);
  return put(`${as}-${bundleOf(name)}`, bundle);
}
const brokenProof = (name: Name): string => changed(name, "proof", ({ verificationMaterial: { tlogEntries } }) => tlogEntries[0]?.inclusionProof.hashes.splice(0, 1, Buffer.alloc(32).toString("base64")));
const noEntry = (name: Name): string => changed(name, "bare", ({ verificationMaterial }) => void verificationMaterial.tlogEntries.splice(0));
/** The same signature over a statement that names another file. */
const otherSubject = (name: Name): string =>
  changed(name, "subject", ({ dsseEnvelope }) => {
    const text = Buffer.from(dsseEnvelope.payload, "base64").toString().replace(Bun.SHA256.hash(readFileSync(at(ARTIFACT)), "hex"), Bun.SHA256.hash(readFileSync(at("tampered")), "hex"));
    dsseEnvelope.payload = Buffer.from(text).toString("base64");
  });

/** A stranger's log key under our log's name. */
function foreignRoot(): string {
  const root = json<{ tlogs: { publicKey: { rawBytes: string } }[] }>("trusted_root.json");
  for (const log of root.tlogs) log.publicKey.rawBytes = Buffer.from(newSigner("ed25519").key.spki).toString("base64");
  return put("foreign_root.json", root);
}

/** An image of one empty layer, made by skopeo out of a folder, and its manifest, which is what gets released. */
async function makeImage(): Promise<string> {
  const made = world.path("image");
  mkdirSync(made);
  const blob = (bytes: Buffer): { digest: string; size: number } => {
    const hex = Bun.SHA256.hash(bytes, "hex");
    writeFileSync(join(made, hex), bytes);
    return { digest: `sha256:${hex}`, size: bytes.length };
  };
  const layer = blob(Buffer.from(Bun.gzipSync(Buffer.alloc(1024))));
  const config = blob(Buffer.from(JSON.stringify({ architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [`sha256:${Bun.SHA256.hash(Buffer.alloc(1024), "hex")}`] }, config: {} })));
  writeFileSync(join(made, "manifest.json"), JSON.stringify({ schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config: { mediaType: "application/vnd.oci.image.config.v1+json", ...config }, layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", ...layer }] }));
  writeFileSync(join(made, "version"), "Directory Transport Version: 1.1\n");
  await output([skopeo.path(), "copy", "--insecure-policy", `dir:${made}`, `oci:${layout}:app`]);
  return tagged("app").digest;
}

/** Releases a file of two admitted changes, packs it, and says where. */
async function packed(range: readonly string[], artifact: string, out: string, ...more: string[]): Promise<void> {
  const released = await world.run(["release", artifact, ...range]);
  expect([released.code, released.stderr]).toEqual([0, expect.any(String)]);
  expect(await world.run(["bundle", artifact, "--out", out, ...more])).toMatchObject({ code: 0 });
}

beforeAll(async () => {
  const source = await world.repository({ "a.ts": "export const a = 1;\n" });
  const [from, main] = [source.git("rev-parse", "HEAD"), source.git("rev-parse", "--abbrev-ref", "HEAD")];
  for (const name of ["one", "two"]) {
    source.git("checkout", "-q", "-b", name);
    await source.commit({ [`${name}.ts`]: `export const ${name} = 1;\n` }, name);
    expect((await world.judged(source, ["--target", main])).code).toBe(0);
    source.git("checkout", "-q", main);
    source.git("merge", "-q", "--no-ff", "-m", `merge ${name}`, name);
  }
  const range = ["--changes", `${from}..${main}`, "--repo", source.path, "--target", main, "--embedded"];
  writeFileSync(world.path(ARTIFACT), "what was built\n");
  await packed(range, world.path(ARTIFACT), world.path("release.json"));
  await output([process.execPath, join(ROOT, "daemon/cli/main.ts"), "trust", "export", "--out", folder, join(world.state_dir, "trust.json")]);
  const taken = world.path("taken-apart");
  expect(await world.run(["verify", world.path("release.json"), "--extract", taken, "--artifact", world.path(ARTIFACT)])).toMatchObject({ code: 0, stdout: expect.stringContaining("VERIFIED") });
  for (const name of readdirSync(taken)) cpSync(join(taken, name), at(name), { recursive: true });
  copyFileSync(world.path(ARTIFACT), at(ARTIFACT));
  writeFileSync(at("tampered"), "what was built and changed afterwards\n");
  writeFileSync(at("other.pem"), pemOf(newSigner("ecdsa-p256-sha256").key.spki));
  [pem = "", vkey = ""] = [/^gate-.*\.pem$/, /^log-.*\.vkey$/].map((pattern) => readdirSync(folder).find((name) => pattern.test(name)));
  image = await makeImage();
  const manifest = world.path("app.image.json");
  copyFileSync(join(layout, "blobs/sha256", image.slice("sha256:".length)), manifest);
  await packed(range, manifest, world.path("image-release.json"), "--oci", layout);
  file = readFileSync(world.path("image-release.json"));
}, 300_000);
afterAll(() => world.dispose());

describe("cosign", () => {
  const cosigned = (name: Name, { type = TYPES[name] as string, root = "trusted_root.json", key = pem, artifact = ARTIFACT, bundle = bundleOf(name) } = {}): Promise<Ended> =>
    alone(cosignTool.path(), ["verify-blob-attestation", "--key", key, "--trusted-root", root, "--bundle", bundle, "--type", type, artifact]);
  for (const name of NAMES) {
    accepts(cosignTool, `${TYPES[name]} verifies against the artifact, with no network, under our log`, async () => {
      expect(await cosigned(name)).toMatchObject({ code: 0, stderr: expect.stringContaining("Verified OK") });
    });
    accepts(cosignTool, `${TYPES[name]}: refuses a tampered artifact, another predicate, another key, a foreign log key, a broken proof, no log entry, and another subject under the same signature`, async () => {
      const wrong = await Promise.all([
        cosigned(name, { artifact: "tampered" }), cosigned(name, { type: VSA_PREDICATE }), cosigned(name, { key: "other.pem" }), cosigned(name, { root: foreignRoot() }),
        cosigned(name, { bundle: brokenProof(name) }), cosigned(name, { bundle: noEntry(name) }), cosigned(name, { bundle: otherSubject(name), artifact: "tampered" }),
      ]);
      expect(wrong.map(({ code }) => code === 0)).toEqual(wrong.map(() => false));
      expect(wrong[0]?.stderr).toContain("provided artifact digest");
    });
  }
});

describe("@sigstore/verify", () => {
  const program = join(import.meta.dir, "peers/sigstore-verify.ts");
  const checked = (bundle: string, { artifact = ARTIFACT, root = "trusted_root.json", key = pem } = {}): Promise<Ended> => alone(realpathSync(process.execPath), [program, root, key, bundle, artifact], [join(ROOT, "node_modules"), program]);
  accepts(sigstore, "both statements verify, and say which predicate they are", async () => {
    for (const name of NAMES) expect(await checked(bundleOf(name))).toMatchObject({ code: 0, stdout: `${TYPES[name]}\n` });
  });
  accepts(sigstore, "refuses another key, a foreign log key, a broken proof, no entry, another subject; the artifact is compared beside it", async () => {
    for (const name of NAMES) {
      const wrong = [await checked(bundleOf(name), { key: "other.pem" }), await checked(bundleOf(name), { root: foreignRoot() }), await checked(brokenProof(name)), await checked(noEntry(name)), await checked(otherSubject(name), { artifact: "tampered" }), await checked(bundleOf(name), { artifact: "tampered" })];
      expect(wrong.map(({ code }) => code)).toEqual(wrong.map(() => 1));
    }
  });
});

describe("Python's packages", () => {
  const program = join(import.meta.dir, "peers/dsse_check.py");
  const checked = async (packages: string, args: readonly string[]): Promise<Ended> => {
    const [prefix = "", python = ""] = (await output(["python3", "-c", "import os, sys; print(sys.base_prefix); print(os.path.realpath(sys.executable))"])).trim().split("\n");
    return alone(python, [program, ...args], [prefix, packages, program], { PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: "1" });
  };
  accepts(dsse, "verifies both envelopes, and none with another key or another subject; the artifact is compared beside it", async () => {
    for (const name of NAMES) {
      expect(await checked(dsse.path(), ["dsse", pem, bundleOf(name), ARTIFACT])).toMatchObject({ code: 0, stdout: expect.stringContaining("verified by") });
      for (const [key, bundle, artifact] of [["other.pem", bundleOf(name), ARTIFACT], [pem, otherSubject(name), "tampered"], [pem, bundleOf(name), "tampered"]] as const) expect((await checked(dsse.path(), ["dsse", key, bundle, artifact])).code).not.toBe(0);
    }
  });
  accepts(statements, "takes both as statements of in-toto v1, and none whose subject has no digest", async () => {
    for (const name of NAMES) expect(await checked(statements.path(), ["statement", bundleOf(name), ARTIFACT])).toMatchObject({ code: 0, stdout: `${TYPES[name]} \n` });
    const bare = changed("release", "bare-subject", ({ dsseEnvelope }) => {
      dsseEnvelope.payload = Buffer.from(Buffer.from(dsseEnvelope.payload, "base64").toString().replace(/"digest":\{[^}]*\}/, '"digest":{}')).toString("base64");
    });
    expect((await checked(statements.path(), ["statement", bare])).code).not.toBe(0);
  });
});

describe("receipts", () => {
  const checked = (proof: string, entry: string): Promise<Ended> => alone(receipts.path(), [vkey, proof, entry]);
  accepts(receipts, "each entry is in the log by Go's and transparency-dev's Merkle code; another entry's proof is refused", async () => {
    for (const name of NAMES) expect(await checked(`${ARTIFACT}.${name}.tlog-proof`, `${ARTIFACT}.${name}.entry`)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^entry \d+ of \d+ in log\./) });
    expect((await checked(`${ARTIFACT}.shipment.tlog-proof`, `${ARTIFACT}.release.entry`)).code).toBe(1);
  });
});

describe("a released image", () => {
  const registry = (work: (repository: string) => Promise<void>): Promise<void> => emptyRegistry(craneTool.path(), work);

  accepts(skopeo, "copies release and image out of one layout, checking every digest; the release refers to the image", async () => {
    const copied = world.path("copied");
    await output([skopeo.path(), "copy", "--insecure-policy", `oci:${layout}:${tagged("release-").annotations?.[REF] ?? ""}`, `dir:${copied}`]);
    const manifest = JSON.parse(readFileSync(join(copied, "manifest.json"), "utf8")) as { artifactType: string; subject: { digest: string }; layers: { digest: string }[] };
    expect([manifest.artifactType, manifest.subject.digest]).toEqual([SHIPMENT_BUNDLE_MEDIA_TYPE, image]);
    expect(Buffer.from(readFileSync(join(copied, manifest.layers[0]?.digest.slice(7) ?? ""))).equals(file)).toBe(true);
  });

  accepts(orasTool, "discovers the release of the image in the layout, copies both to a registry, and pulls the very file from there", async () => {
    const tree = JSON.parse(await output([orasTool.path(), "discover", "--oci-layout", `${layout}@${image}`, "--format", "json"])) as { referrers?: Entry[]; manifests?: Entry[] };
    const whole = (tree.referrers ?? tree.manifests ?? []).find(({ artifactType }) => artifactType === SHIPMENT_BUNDLE_MEDIA_TYPE);
    await registry(async (repository) => {
      await output([orasTool.path(), "cp", "-r", "--from-oci-layout", `${layout}@${image}`, "--to-plain-http", `${repository}:1`]);
      await output([orasTool.path(), "pull", "--plain-http", `${repository}@${whole?.digest}`, "-o", world.path("pulled")]);
    });
    const pulled = world.path("pulled/release.json");
    expect(Buffer.from(readFileSync(pulled)).equals(file)).toBe(true);
    expect(await world.run(["verify", pulled, "--trust", at("trust.json"), "--artifact", world.path("app.image.json")])).toMatchObject({ code: 0, stdout: expect.stringContaining("VERIFIED") });
  });

  accepts(craneTool, "the fallback tag leads from the image to the release, in a registry that crane filled", () =>
    registry(async (repository) => {
      await output([craneTool.path(), "push", "--index", layout, `${repository}:all`]);
      for (const entry of index()) await output([craneTool.path(), "tag", `${repository}@${entry.digest}`, entry.annotations?.[REF] ?? `m-${entry.digest.slice(7, 19)}`]);
      const { manifests } = JSON.parse(await output([craneTool.path(), "manifest", `${repository}:${image.replace(":", "-")}`])) as { manifests: Entry[] };
      expect(manifests.map(({ artifactType }) => artifactType)).toContain(SHIPMENT_BUNDLE_MEDIA_TYPE);
    }));

  accepts(cosignTool, "verifies both statements as attestations of the image itself, and refuses another image, another predicate, another key and a foreign log key", () =>
    registry(async (repository) => {
      await output([orasTool.path(), "cp", "-r", "--from-oci-layout", `${layout}@${image}`, "--to-plain-http", `${repository}:1`]);
      const ask = ({ type = SHIPMENT_PREDICATE as string, key = pem, root = "trusted_root.json", of = image } = {}): Promise<Ended> => run([cosignTool.path(), "verify-attestation", "--allow-insecure-registry", "--key", at(key), "--trusted-root", at(root), "--type", type, `${repository}@${of}`]);
      for (const name of NAMES) expect(await ask({ type: TYPES[name] })).toMatchObject({ code: 0 });
      const wrong = [await ask({ type: VSA_PREDICATE }), await ask({ key: "other.pem" }), await ask({ root: foreignRoot() }), await ask({ of: tagged("release-").digest })];
      expect(wrong.map(({ code }) => code === 0)).toEqual(wrong.map(() => false));
    }));
});
