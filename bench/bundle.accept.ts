/** The evidence of a gate, attached to an image and to a commit, in the hands of other people's registry tools. */
import { afterAll, beforeAll, expect } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type GateDocument, World } from "../daemon/e2e/testing/world.ts";
import { EVIDENCE_BUNDLE_MEDIA_TYPE } from "../proto/evidence-bundle.ts";
import { accepts, output, run } from "./rig/accepts.ts";
import { emptyRegistry } from "./rig/registry.ts";
import { cosign, crane, onPath, oras } from "./rig/tools.ts";

const skopeo = await onPath("skopeo", "install the package skopeo of your distribution");
const craneTool = await crane();
const cosignTool = await cosign();
const orasTool = await oras();
const world = new World();
const layout = world.path("layout");
const REF = "org.opencontainers.image.ref.name";
interface Entry {
  readonly digest: string;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}
let gate: GateDocument;
let file: Uint8Array;
let image: string;

const index = (): readonly Entry[] => (JSON.parse(readFileSync(join(layout, "index.json"), "utf8")) as { manifests: Entry[] }).manifests;
const tagged = (start: string): Entry => {
  const found = index().find(({ annotations }) => annotations?.[REF]?.startsWith(start) === true);
  if (found === undefined) throw new Error(`the layout has no ${start}`);
  return found;
};

/** An image of one empty layer, made by skopeo out of a folder, so that a layout of somebody else's is what we attach to. */
async function makeImage(): Promise<string> {
  const folder = world.path("image");
  mkdirSync(folder);
  const put = (bytes: Buffer): { digest: string; size: number } => {
    const hex = Bun.SHA256.hash(bytes, "hex");
    writeFileSync(join(folder, hex), bytes);
    return { digest: `sha256:${hex}`, size: bytes.length };
  };
  const layer = put(Buffer.from(Bun.gzipSync(Buffer.alloc(1024))));
  const config = put(Buffer.from(JSON.stringify({ architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [`sha256:${Bun.SHA256.hash(Buffer.alloc(1024), "hex")}`] }, config: {} })));
  const manifest = { schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config: { mediaType: "application/vnd.oci.image.config.v1+json", ...config }, layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", ...layer }] };
  writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
  writeFileSync(join(folder, "version"), "Directory Transport Version: 1.1\n");
  await output([skopeo.path(), "copy", "--insecure-policy", `dir:${folder}`, `oci:${layout}:app`]);
  return tagged("app").digest;
}

beforeAll(async () => {
  gate = await world.judged(await world.changed({}, { "b.txt": "b\n" }));
  image = await makeImage();
  const made = await world.run(["bundle", gate.card.head, "--out", world.path("evidence.json"), "--oci", layout, "--subject", image]);
  expect([made.code, made.stdout]).toEqual([0, expect.stringContaining(`refers to ${image}`)]);
  file = readFileSync(world.path("evidence.json"));
}, 60_000);
afterAll(() => world.dispose());

accepts(skopeo, "copies the evidence artifact and the image out of one layout, checking every digest", async () => {
  const name = tagged("evidence-").annotations?.[REF] ?? "";
  await output([skopeo.path(), "copy", "--insecure-policy", `oci:${layout}:${name}`, `dir:${world.path("copied")}`]);
  const manifest = JSON.parse(readFileSync(join(world.path("copied"), "manifest.json"), "utf8")) as { artifactType: string; subject: { digest: string }; layers: { digest: string }[] };
  expect([manifest.artifactType, manifest.subject.digest]).toEqual([EVIDENCE_BUNDLE_MEDIA_TYPE, image]);
  expect(Buffer.from(readFileSync(join(world.path("copied"), manifest.layers[0]!.digest.slice(7)))).equals(file)).toBe(true);
  await output([skopeo.path(), "copy", "--insecure-policy", `oci:${layout}:app`, `dir:${world.path("image-again")}`]);
});

/** A registry, with everything in the layout pushed under the names a registry keeps them by. */
const registry = (work: (repository: string) => Promise<void>): Promise<void> =>
  emptyRegistry(craneTool.path(), async (repository) => {
    await output([craneTool.path(), "push", "--index", layout, `${repository}:all`]);
    for (const entry of index()) await output([craneTool.path(), "tag", `${repository}@${entry.digest}`, entry.annotations?.[REF] ?? `m-${entry.digest.slice(7, 19)}`]);
    await work(repository);
  });

accepts(craneTool, "pushes image and evidence into its own registry, and the fallback tag leads from the image to the very file", () =>
  registry(async (repository) => {
    const referrers = JSON.parse(await output([craneTool.path(), "manifest", `${repository}:${image.replace(":", "-")}`])) as { manifests: Entry[] };
    const whole = referrers.manifests.find(({ artifactType }) => artifactType === EVIDENCE_BUNDLE_MEDIA_TYPE);
    const manifest = JSON.parse(await output([craneTool.path(), "manifest", `${repository}@${whole?.digest}`])) as { layers: { digest: string }[]; subject: { digest: string } };
    expect(manifest.subject.digest).toBe(image);
    expect(Buffer.from(await output([craneTool.path(), "blob", `${repository}@${manifest.layers[0]?.digest}`])).equals(file)).toBe(true);
  }));

accepts(cosignTool, "finds the attestations that hang on the image, and refuses them as attestations of the image: they are about a commit", () =>
  registry(async (repository) => {
    const exported = world.path("keys");
    expect((await world.run(["trust", "export", "--out", exported, join(world.state_dir, "trust.json")])).code).toBe(0);
    const pem = (await output(["sh", "-c", `ls ${exported}/gate-*.pem`])).trim();
    const downloaded = await output([cosignTool.path(), "download", "attestation", "--allow-insecure-registry", `${repository}@${image}`]);
    const found = downloaded.trim().split("\n").map((line) => JSON.parse(line) as { dsseEnvelope: { payload: string } });
    const types = found.map(({ dsseEnvelope }) => (JSON.parse(Buffer.from(dsseEnvelope.payload, "base64").toString()) as { predicateType: string }).predicateType);
    expect(types).toContain("https://slsa.dev/verification_summary/v1");
    const refused = await run([cosignTool.path(), "verify-attestation", "--allow-insecure-registry", "--key", pem, "--trusted-root", join(exported, "trusted_root.json"), "--type", "https://slsa.dev/verification_summary/v1", `${repository}@${image}`]);
    expect(refused.code).not.toBe(0);
  }));

accepts(orasTool, "discovers the evidence of the image in the layout, and copies both to a registry that has no referrers API", async () => {
  const tree = JSON.parse(await output([orasTool.path(), "discover", "--oci-layout", `${layout}@${image}`, "--format", "json"])) as { referrers?: Entry[]; manifests?: Entry[] };
  const found = tree.referrers ?? tree.manifests ?? [];
  const whole = found.find(({ artifactType }) => artifactType === EVIDENCE_BUNDLE_MEDIA_TYPE);
  expect(found.length).toBeGreaterThan(1);
  await emptyRegistry(craneTool.path(), async (repository) => {
    await output([orasTool.path(), "cp", "-r", "--from-oci-layout", `${layout}@${image}`, "--to-plain-http", `${repository}:1`]);
    expect(await output([orasTool.path(), "discover", "--plain-http", `${repository}:1`, "--format", "json"])).toContain(whole?.digest ?? "no digest");
    await output([orasTool.path(), "pull", "--plain-http", `${repository}@${whole?.digest}`, "-o", world.path("pulled")]);
    expect(Buffer.from(readFileSync(join(world.path("pulled"), "evidence.json"))).equals(file)).toBe(true);
  });
});
