/** What a change cost at which prices, beside its card and in its evidence; and that a gate's own processors are use of the market. Gates, git and check processes are real. */
import { expect, setDefaultTimeout, test } from "bun:test";
import type { Bundle } from "../../../proto/bundle.ts";
import { canonicalBytes } from "../../../proto/canonical.ts";
import { fromBase64, fromUtf8Lossy, toBase64, utf8 } from "../../../proto/encoding.ts";
import { MARKET_DOCUMENT, MarketNote } from "../../../proto/market-note.ts";
import { Value } from "@sinclair/typebox/value";
import { billTexts } from "../../verifier/words/bill.ts";
import { renderMarkdown } from "../../cli/card/markdown.ts";
import { World } from "../../testing/core.ts";
import { tenant } from "../../testing/tenants.ts";
import { verifyBundle } from "../../verifier/index.ts";

setDefaultTimeout(60_000);
const HOUR_US = 3_600e6;
const MARKET = { slot_s: 10, method: "adagrad", step_max: 0.25, window_slots: 0, resources: [{ resource: "cpu_us", capacity: 1_000, price_max: 4 }], tenants: [{ id: "web", floor: 0, ceiling: 1 }] } as const;
const noteIn = (bundle: Bundle): unknown => JSON.parse(fromUtf8Lossy(fromBase64(bundle.documents?.find(({ name }) => name === MARKET_DOCUMENT)?.content ?? "") ?? new Uint8Array()));

test("a gate's processors move the price, the next change's bill says what it was worth at it and what the payer has left, and the evidence which slot proves it", async () => {
  await using world = await World.open({ market: { ...MARKET, resources: [...MARKET.resources], tenants: [...MARKET.tenants] }, tenants: [{ id: "web", uids: [1001], budget: { window: "day", cpu_us: 24 * HOUR_US } }] });
  const { core, clock } = world;
  const account = { key: "tenant:web", budget: { cpu_us: 24 * HOUR_US }, window_s: 86_400 };
  const payer = tenant("web", 1001, { accounts: [account] });
  const source = world.scratch.source();
  const gated = async (name: string) => {
    const target = await source.commit({ [`${name}.md`]: "base\n" }, "base");
    const head = await source.commit({ [`${name}.txt`]: "new\n" }, "a change");
    const intake = { ...(await world.received(source, [target, head], name)), tenant: "web", uid: 1001 };
    return core.keeper.submit(intake, { intake_id: intake.id, target_ref: "refs/heads/main", target, head }, () => undefined, new AbortController().signal, (worst, work, bill) => core.tenants.pay(payer, worst, work, bill));
  };
  const first = await gated("a");
  expect(first.cost?.market).toMatchObject({ epoch: 0, prices: { cpu_us: 0 }, usd_micro: 0, slot: null });
  expect(core.money.market?.view().tenants[0]).toMatchObject({ tenant: "web", used: { cpu_us: Math.min(first.cost?.cpu_us ?? 0, 16_000) } });
  clock.advance(10_000);
  const second = await gated("b");
  const { cost } = second;
  expect(cost?.market).toMatchObject({ epoch: 1, certificate: { holds: true }, slot: { epoch: 0 } });
  expect(cost?.market?.prices.cpu_us).toBeCloseTo(1, 9);
  expect(Math.abs((cost?.market?.usd_micro ?? 0) - (cost?.cpu_us ?? 0) / 60)).toBeLessThanOrEqual(1);
  const spent = core.tenants.ledger.account("tenant:web")?.spent.cpu_us ?? 0;
  expect(cost?.paid?.[0]?.left?.cpu_us).toBe(24 * HOUR_US - spent);
  const said = billTexts(cost ?? { runs: 0, died: 0, wall_us: 0, cpu_us: 0, model_tokens: 0, reported: null }).join("\n");
  expect(said).toContain("at the prices of slot 1 (1 $ for a CPU minute): worth $");
  expect(said).toMatch(/certificate holds, regret \S+ \$ <= promise \S+ \$, slot 0 sha256 [0-9a-f]{16}\nbudget of web until \S+Z: \d+ s of processors left/);
  expect(renderMarkdown(second.card, second.proof, null, cost)).toContain("at the prices of slot 1");
  // Another tenant is shown nothing of whose budget it is.
  expect(core.costs.of("nobody's", "lib")).toBeNull();
  const bundle = JSON.parse(fromUtf8Lossy(fromBase64(second.bundle) ?? new Uint8Array())) as Bundle;
  const note = noteIn(bundle);
  expect([Value.Check(MarketNote, note), note]).toMatchObject([true, { epoch: 1, prices: [{ resource: "cpu_us", usd_nano: 1_000_000_000 }], slot: cost?.market?.slot ?? null }]);
  const verified = (value: Bundle) => verifyBundle(canonicalBytes(value), core.evidence.trust_bytes, { now: new Date(clock.now_ms()) });
  expect(verified(bundle).result).toBe("verified");
  const cheaper = bundle.documents?.map((one) => (one.name === MARKET_DOCUMENT ? { ...one, content: toBase64(utf8(JSON.stringify(note).replace("1000000000", "1"))) } : one)) ?? [];
  expect(verified({ ...bundle, documents: cheaper }).reasons[0]?.code).toBe("document.mismatch");
});
