import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { BUNDLE_MEDIA_TYPE } from "../../proto/bundle.ts";
import { StoreLimits } from "../../proto/config.ts";
import { openArtifacts } from "../store/artifacts.ts";
import { makeBundle, newRing } from "../testing/evidence.ts";
import { noteKey } from "../verifier/note.ts";
import { openTrust } from "../verifier/trust.ts";
import { findEvidence } from "./evidence-blobs.ts";

const state_dir = mkdtempSync(join(tmpdir(), "maestro-found-"));
afterAll(() => rmSync(state_dir, { recursive: true, force: true }));

test("a log whose tiles are gone has every entry of a kept bundle again, of the obligations and of all that stands beside them", async () => {
  const ring = newRing();
  const trust = openTrust(ring.trust);
  if (!trust.ok) throw new Error(trust.reason.detail);
  const artifacts = await openArtifacts({ state_dir, limits: Value.Create(StoreLimits) });
  await artifacts.putArtifact("gate", BUNDLE_MEDIA_TYPE, [{ mediaType: BUNDLE_MEDIA_TYPE, bytes: makeBundle(ring, { verdict: "admit", outcomes: [], beside: (all) => all }) }]);
  const { entries, heads } = await findEvidence(artifacts.blobs, trust.value, [noteKey(ring.origin, ring.log.key)]);
  expect([...entries.keys()].sort()).toEqual([3, 4, 5]);
  expect(heads).toHaveLength(1);
});
