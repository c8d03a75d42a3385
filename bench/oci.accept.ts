/** The state folder's OCI image layout in the hands of other people's registry tools, after real gates. */
import { afterAll, beforeAll, expect } from "bun:test";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type GateDocument, until, World } from "../daemon/e2e/testing/world.ts";
import { BUNDLE_MEDIA_TYPE } from "../proto/bundle.ts";
import { GATE_REPLY_MEDIA_TYPE, GATE_ROW_MEDIA_TYPE } from "../daemon/store/gates.ts";
import { accepts, output, run } from "./rig/accepts.ts";
import { crane, onPath } from "./rig/tools.ts";

const GATES = 2;
const skopeo = await onPath("skopeo", "install the package skopeo of your distribution");
const craneTool = await crane();
const world = new World();
const gates: GateDocument[] = [];
const layout = join(world.state_dir, "oci");
const tagOf = ({ gate_id, attempt }: GateDocument): string => `gate-${gate_id.slice("gate:".length)}-${attempt}`;
const bundleOf = ({ bundle }: GateDocument): Uint8Array => readFileSync(bundle);
const same = (a: Uint8Array, b: Uint8Array): void => expect(Bun.SHA256.hash(a, "hex")).toBe(Bun.SHA256.hash(b, "hex"));

beforeAll(async () => {
  for (let i = 0; i < GATES; i++) gates.push(await world.judged(await world.changed({}, { "b.txt": `${i}\n` })));
}, 300_000);
afterAll(() => world.dispose());

accepts(skopeo, "copies each gate's evidence out of the layout, checking every digest; the bytes are the bundle's", async () => {
  expect(gates).toHaveLength(GATES);
  for (const gate of gates) {
    const copy = world.path(tagOf(gate));
    await output([skopeo.path(), "copy", "--insecure-policy", `oci:${layout}:${tagOf(gate)}`, `dir:${copy}`]);
    const manifest = JSON.parse(readFileSync(join(copy, "manifest.json"), "utf8")) as { readonly layers: readonly { readonly digest: string; readonly mediaType: string }[] };
    expect(manifest.layers.map(({ mediaType }) => mediaType)).toEqual([BUNDLE_MEDIA_TYPE, GATE_REPLY_MEDIA_TYPE, GATE_ROW_MEDIA_TYPE]);
    same(readFileSync(join(copy, (manifest.layers[0]?.digest ?? "").replace("sha256:", ""))), bundleOf(gate));
  }
});

accepts(skopeo, "refuses a layout in which one bit of a bundle was turned", async () => {
  const copy = world.path("turned");
  await output(["cp", "-r", layout, copy]);
  const blobs = join(copy, "blobs/sha256");
  const largest = readdirSync(blobs).map((name) => ({ name, bytes: readFileSync(join(blobs, name)) })).sort((a, b) => b.bytes.length - a.bytes.length)[0];
  if (largest === undefined) throw new Error("the layout has no blob");
  largest.bytes[100] = (largest.bytes[100] ?? 0) ^ 1;
  await Bun.write(join(blobs, largest.name), largest.bytes);
  const codes = await Promise.all(gates.map(async (gate) => (await run([skopeo.path(), "copy", "--insecure-policy", `oci:${copy}:${tagOf(gate)}`, `dir:${world.path(`turned-${tagOf(gate)}`)}`])).code));
  expect(codes.filter((code) => code !== 0)).toHaveLength(1);
});

accepts(craneTool, "pushes the layout into its own registry, which checks every digest, and gets the same bytes back", async () => {
  const disk = world.path("registry");
  mkdirSync(disk);
  const server = Bun.spawn([craneTool.path(), "registry", "serve", "--address", "127.0.0.1:0", "--disk", disk], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  let said = "";
  const listening = (async () => {
    for await (const chunk of server.stderr) said += Buffer.from(chunk).toString();
  })();
  try {
    await until(() => /serving on port \d+/.test(said));
    const name = `127.0.0.1:${/serving on port (\d+)/.exec(said)?.[1]}/evidence`;
    await output([craneTool.path(), "push", "--index", layout, `${name}:all`]);
    const index = JSON.parse(await output([craneTool.path(), "manifest", `${name}:all`])) as { readonly manifests: readonly { readonly digest: string }[] };
    expect(index.manifests).toHaveLength(GATES);
    for (const { digest } of index.manifests) {
      const manifest = JSON.parse(await output([craneTool.path(), "manifest", `${name}@${digest}`])) as { readonly layers: readonly { readonly digest: string }[] };
      const text = await output([craneTool.path(), "blob", `${name}@${manifest.layers[0]?.digest}`]);
      expect(gates.filter((gate) => Buffer.from(bundleOf(gate)).equals(Buffer.from(text)))).toHaveLength(1);
    }
  } finally {
    server.kill("SIGKILL");
    await server.exited;
    await listening;
  }
});
