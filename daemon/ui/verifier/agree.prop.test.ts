/** The page, the command line and the daemon's check of its own evidence over inputs that somebody bent: one verdict, one reason, and never a throw. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { utf8 } from "../../../proto/encoding.ts";
import { describeVerification } from "../../cli/verification.ts";
import { newRing, NOW } from "../../testing/evidence.ts";
import { times } from "../../testing/scale.ts";
import { openTrust, verifyBundle, verifyWithTrust } from "../../verifier/index.ts";
import { fullCases, plainCases } from "../testing/cases.ts";
import { answer } from "./worker.ts";

const ring = newRing();
const sound = [...plainCases(ring), ...(await fullCases(ring))].filter(({ result }) => result === "verified");

/** Text that one reader of JSON takes and the next does not, or takes for something else. */
const HOSTILE = ["1e400", "-0", "1.0", "9007199254740993", "null", "\ufeff", "\r\n", "\\ud800", "\\u0000", "\\/", '"__proto__":{},', '"v":1,', "e\u0301", "\u2028", "{}", "[]", "[".repeat(30), '"', ",", " "];

type Bend = (text: string) => string;
const place = fc.nat();
const bend: fc.Arbitrary<Bend> = fc.oneof(
  fc.tuple(place, fc.constantFrom(...HOSTILE)).map(([at, piece]): Bend => (text) => text.slice(0, at % text.length) + piece + text.slice(at % text.length)),
  fc.tuple(place, fc.integer({ min: 1, max: 20 })).map(([at, count]): Bend => (text) => text.slice(0, at % text.length) + text.slice((at % text.length) + count)),
  fc.tuple(place, place, fc.integer({ min: 1, max: 200 })).map(([to, from, count]): Bend => (text) => text.slice(0, to % text.length) + text.slice(from % text.length, (from % text.length) + count) + text.slice((to % text.length) + count)),
  place.map((at): Bend => (text) => text.slice(0, at % text.length)),
  fc.constantFrom<Bend>((text) => JSON.stringify(JSON.parse(text), null, 1), (text) => `${text}\n`, (text) => text.replaceAll(",", ",\r\n"), (text) => text.normalize("NFKD"), (text) => `\ufeff${text}`),
);

test("attack: any bundle or trust file bent in any way: page, command line and daemon say the same of it", async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...sound), fc.boolean(), bend, async (one, of_trust, bent) => {
      const bending = (bytes: Uint8Array): Uint8Array => utf8(bent(new TextDecoder().decode(bytes)));
      const bundle = of_trust ? one.bundle : bending(one.bundle);
      const trust = of_trust ? bending(one.trust) : one.trust;
      const verification = verifyBundle(bundle, trust, { now: NOW });
      const [, reason = ""] = describeVerification(verification).split("\n");
      const files = [trust, bundle].map((bytes, i) => ({ name: `${i}`, blob: new Blob([new Uint8Array(bytes)]) }));
      const page = (await answer({ id: 1, files, now_ms: NOW.getTime() })).answer;
      const opened = openTrust(trust);
      expect([page.verdict, opened.ok ? verifyWithTrust(bundle, opened.value, { now: NOW }).result : "failed"]).toEqual([verification.result, verification.result]);
      if (verification.result !== "verified") expect(page.reasons).toEqual([reason.trim()]);
      // Some bends change nothing.
      else expect([Buffer.compare(bundle, one.bundle), Buffer.compare(trust, one.trust)]).toEqual([0, 0]);
    }),
    { numRuns: times(60) },
  );
}, 120_000);
