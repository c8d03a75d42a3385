import { canonicalText } from "../../../proto/canonical.ts";
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import type { MarketAsked, MarketSlot, MarketWindow } from "../../../proto/market.ts";
import { type CommandModule, textOf } from "../command.ts";
import { connect } from "../connect.ts";
import type { Exact } from "../market/exact.ts";
import { printJson } from "../document.ts";
import { print } from "../output.ts";
import { outPlace } from "../new-place.ts";
import { writeFile } from "../write-file.ts";

type Client = ReturnType<typeof connect>["client"];
type Kept = { readonly slots: readonly MarketSlot[]; readonly windows: readonly MarketWindow[] };

async function keptOf(client: Client): Promise<Kept> {
  const [slots, windows] = [[] as MarketSlot[], new Map<number, MarketWindow>()];
  for (let from: number | null = 0; from !== null; ) {
    const page: Awaited<ReturnType<Client["marketSlots"]>> = await client.marketSlots(from);
    slots.push(...page.slots);
    for (const window of page.windows) windows.set(window.epoch, window);
    from = page.next;
  }
  return { slots, windows: [...windows.values()] };
}

/** More would not stand in memory beside each other; kept slots hold far fewer unless there is a request every few milliseconds. */
const ASKED_MAX = 1_000_000;

async function exactOf(client: Client, { slots, windows }: Kept, slot_s: number): Promise<Exact | null> {
  const { exactRegrets } = await import("../market/exact.ts");
  const first = slots.find(({ epoch }) => windows.some((window) => window.epoch === epoch));
  if (first === undefined) return null;
  const requests: MarketAsked[] = [];
  // One slot sooner: the clocks of the market and of the log may differ by less.
  for (let after: string | null = String(Math.max(0, first.at_ms - slot_s * 1000)); after !== null; ) {
    const page: Awaited<ReturnType<Client["marketAsked"]>> = await client.marketAsked(after);
    requests.push(...page.requests);
    if (requests.length > ASKED_MAX) throw new MaestroError("cli.usage", `more than ${ASKED_MAX} requests stand behind the kept slots; without --exact the audit needs none of them, and a smaller limits.market.slots_max keeps fewer`);
    after = page.next;
  }
  return exactRegrets(slots, windows, requests);
}

const exactText = ({ regret, error, linear, given_away, requests, slots, best }: Exact): string =>
  `exact regret ${regret.toFixed(6)} $ (error at most ${error.toExponential(1)}) <= ${linear.toFixed(6)} $ linear + ${given_away.toFixed(6)} $ given away, of ${requests} requests in ${slots} slots; best fixed prices of the last window ${best.map((price) => price.toPrecision(4)).join(", ")}`;

async function audit(client: Client, json: boolean, exactly: boolean): Promise<number> {
  const { audited } = await import("../market/audit.ts");
  const now = await client.market();
  const kept = await keptOf(client);
  const found = audited(kept.slots, kept.windows, now);
  const exact = exactly && found.wrong === null ? await exactOf(client, kept, now.slot_s) : null;
  if (json) printJson(exactly ? { ...found, exact } : found);
  else if (found.wrong !== null) print(`BROKEN  slot ${found.wrong.epoch}: ${found.wrong.what}`);
  else print(`${found.slots - found.without_start} slots give the prices and the certificate on record, to the last bit${found.regret === null ? "" : `: regret ${found.regret.toFixed(6)} $ <= promise ${(found.promise ?? 0).toFixed(6)} $`}${found.without_start === 0 ? "" : `; ${found.without_start} older ones have lost the start of their window`}${found.began_anew === 0 ? "" : `; prices began anew ${found.began_anew} times`}`);
  if (!json && exact !== null) print(exactText(exact));
  return found.wrong === null ? EXIT.admit : EXIT.refuse;
}

async function certify(client: Client, out: string | undefined, json: boolean, force: boolean): Promise<number> {
  const place = out === undefined ? null : outPlace(out, force);
  const { log_index, bundle } = await client.certifyMarket();
  place?.write(canonicalText(bundle), "the certificate is signed and logged all the same");
  if (json) printJson({ log_index, bundle });
  else print(`signed and logged as entry ${log_index}${out === undefined ? "; --out FILE keeps it for maestro verify" : `; maestro verify ${out}`}`);
  return EXIT.admit;
}

async function drawn(client: Client, path: string): Promise<number> {
  const { drawing } = await import("../market/drawing.ts");
  const { slots, windows } = await keptOf(client);
  const svg = drawing(slots, windows);
  if (svg === null) throw new MaestroError("cli.usage", "no slot is over yet, so there is nothing to draw");
  writeFile(path, svg, 0o644, "nothing was changed");
  print(`${path}: ${slots.length} slots`);
  return EXIT.admit;
}

export const run: CommandModule["run"] = async ({ values, positionals: [what] }) => {
  const json = values["json"] === true;
  if (what !== undefined && what !== "audit" && what !== "certify") throw new MaestroError("cli.usage", `market ${what}: there are audit and certify`);
  const { client } = connect(values);
  if (what === "audit") return audit(client, json, values["exact"] === true);
  if (what === "certify") return certify(client, textOf(values, "out"), json, values["force"] === true);
  const svg = textOf(values, "svg");
  if (svg !== undefined) return drawn(client, svg);
  const { marketText } = await import("../market/shown.ts");
  for (;;) {
    const reply = await client.market();
    if (json) printJson(reply);
    else print(marketText(reply));
    if (values["watch"] !== true) return EXIT.admit;
    // The daemon's clock may be another one: no wait is longer than a slot.
    await Bun.sleep(Math.min(Math.max(250, Date.parse(reply.slot_ends) - Date.now()), reply.slot_s * 1000));
    if (!json) print("");
  }
};
