/** What `maestro approve`, `maestro override` and the pages of `maestro ui` share: ask, show, sign, and hear the new attempt. */
import { EXIT, MaestroError } from "../../proto/errors.ts";
import type { GateResult } from "../../proto/api.ts";
import { isOwnReason, REASON_PLACEHOLDER, type ReleaseKind } from "../../proto/release.ts";
import type { ReleaseAsk, ReleaseOffer } from "../../proto/release-api.ts";
import type { MaestroClient } from "../client/maestro.ts";
import { escapeTerminal } from "./card/escape/terminal.ts";
import { renderTerminal } from "./card/terminal.ts";
import { textOf, type Invocation, type Values } from "./command.ts";
import { connect } from "./connect.ts";
import { printJson } from "./document.ts";
import { keepBundle } from "./commands/gate.ts";
import { note, print, wantsAscii, wantsColour } from "./output.ts";
import { inScratch, keyOfAgent, keyOfFile, signed, type SigningKey } from "./signing.ts";

const DURATION = /^([1-9][0-9]{0,5})([smhd])$/;
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds of `30m`, `4h` or `2d`. Throws `cli.usage`. */
function durationOf(text: string): number {
  const [, count, unit = ""] = DURATION.exec(text) ?? [];
  if (count === undefined) throw new MaestroError("cli.usage", `--expires takes a time such as 30m, 4h or 2d, not ${JSON.stringify(text)}`);
  return Number(count) * (SECONDS[unit] ?? 1);
}

const SAYS: Readonly<Record<ReleaseKind, string>> = { approve: "approves", override: "overrides" };

/** What is about to be agreed to, before anything is signed. */
export function show({ request, card, stays }: ReleaseOffer): void {
  const { kind, person, head, reasons, expires } = request;
  note(`maestro: ${person} ${SAYS[kind]} ${escapeTerminal(card.repository)} ${head.slice(0, 12)} "${escapeTerminal(card.title)}" for ${escapeTerminal(card.target_ref)}${expires === null ? "" : ` until ${expires}`}`);
  for (const { rule, effect, fingerprints } of reasons) note(`maestro:   releases ${rule} (${effect}, ${fingerprints.length} finding(s))`);
  for (const { rule, because } of stays) note(`maestro:   stays    ${rule}: ${escapeTerminal(because)}`);
}

/** What would be released, for whoever signs: a key, or without one the user as who this runs. */
export const askOffer = (client: MaestroClient, ask: ReleaseAsk, signing: SigningKey | null): Promise<ReleaseOffer> => client.askRelease({ ...ask, ...(signing === null ? {} : { public_key: signing.public_key }) });

/** Signs what was offered and has it done; what comes is the new attempt. */
export async function* agree(client: MaestroClient, { request }: ReleaseOffer, signing: SigningKey | null, folder: string): ReturnType<MaestroClient["release"]> {
  const signature = signing === null ? {} : { signature: await signed(request, signing, folder) };
  yield* client.release({ nonce: request.nonce, ...signature });
}

async function resultOf(events: ReturnType<MaestroClient["release"]>): Promise<GateResult> {
  let result: GateResult | undefined;
  for await (const event of events) if (event.event === "result") result = event;
  if (result === undefined) throw new MaestroError("worker.protocol", "the daemon's reply ended without a decision");
  return result;
}

async function released(kind: ReleaseKind, { values, positionals }: Invocation, key: (folder: string) => SigningKey | null, folder: string): Promise<number> {
  const [gate] = positionals;
  const reason = textOf(values, "reason");
  if (gate === undefined || reason === undefined || !isOwnReason(reason)) throw new MaestroError("cli.usage", `${kind} takes a gate or commit and a reason in your own words, which is signed and logged: maestro ${kind} COMMIT --reason "${REASON_PLACEHOLDER}"`);
  const expires = textOf(values, "expires");
  const { client, locations } = connect(values);
  const signing = key(folder);
  const offer = await askOffer(client, { gate, kind, reason, ...(expires === undefined ? {} : { expires_s: durationOf(expires) }) }, signing);
  show(offer);
  const result = await resultOf(agree(client, offer, signing, folder));
  const kept = keepBundle(result, locations, values);
  if (values["json"] === true) printJson({ ...result, bundle: kept.path });
  else print(renderTerminal(result.card, { colour: wantsColour(), ascii: wantsAscii(), proof: result.proof, timings: result.timings, cost: result.cost, bundle: kept.name }));
  if (result.card.releases?.some(({ counts }) => !counts) === true) note("maestro: recorded, and without effect until a second person overrides too");
  return EXIT[result.verdict];
}

/** The key that the command line names; null where the user is the proof. Throws `cli.usage`. */
export function keyOf(values: Values): (folder: string) => SigningKey | null {
  const file = textOf(values, "key");
  if (file !== undefined && values["agent"] === true) throw new MaestroError("cli.usage", "--key FILE or --agent, not both");
  return (folder) => (file !== undefined ? keyOfFile(file) : values["agent"] === true ? keyOfAgent(folder) : null);
}

export function release(kind: ReleaseKind, invocation: Invocation): Promise<number> {
  const key = keyOf(invocation.values);
  return inScratch((folder) => released(kind, invocation, key, folder));
}
