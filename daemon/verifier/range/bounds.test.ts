import { expect, test } from "bun:test";
import { fromUtf8Lossy, utf8 } from "../../../proto/encoding.ts";
import { newRing, NOW } from "../../testing/evidence.ts";
import { makeHidden } from "../../testing/hidden.ts";
import { verifyBundle } from "../bundle.ts";

test("attack: a bound that its scale cannot hold is dropped, as if the auditor had never asked for it", async () => {
  const ring = newRing();
  const { bundle, config } = await makeHidden(ring, { samples: [{ name: "spend", value: 3718, min: null, max: 9900 }] });
  const slipped = utf8(fromUtf8Lossy(config).replace('"max":"99.00"', '"max":"99.00","min":"80.005"'));
  expect(verifyBundle(bundle, ring.trust, { now: NOW, bounds: config }).result).toBe("verified");
  expect(verifyBundle(bundle, ring.trust, { now: NOW, bounds: slipped }).reasons[0]).toMatchObject({ code: "range.bounds", detail: expect.stringContaining("no decimal of scale 2") });
});
