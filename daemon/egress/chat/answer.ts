/** What a server that speaks the OpenAI API answered, in one piece or as a stream of events. It is a stranger's: nothing in it is believed for being there. */
import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { CHAT_ANSWER_BYTES_MAX, CHAT_STREAM_BYTES_MAX, CHAT_TEXT_BYTES_MAX, type ChatReply } from "../../../proto/chat.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { lazyCheck } from "../../platform/lazy-check.ts";
import type { Claimed } from "./usage.ts";

/** One event of a stream is one token, or a few. */
const EVENT_BYTES_MAX = 64 * 1024;
const NAME_CHARACTERS_MAX = 200;

export interface Answer {
  readonly text: string;
  readonly finish: ChatReply["finish"];
  readonly claimed: Claimed | null;
  readonly answered_by: string;
}

const Text = Type.Optional(Type.Union([Type.String(), Type.Null()]));
const Usage = Type.Object({ prompt_tokens: Type.Number(), completion_tokens: Type.Number() });
const fields = { model: Text, usage: Type.Optional(Type.Unknown()), error: Type.Optional(Type.Unknown()) };
/** Of more choices than one was asked for only the first is read. */
const Whole = Type.Object({ ...fields, choices: Type.Array(Type.Object({ message: Type.Object({ content: Type.String() }), finish_reason: Text }), { minItems: 1 }) });
const Event = Type.Object({ ...fields, choices: Type.Optional(Type.Union([Type.Null(), Type.Array(Type.Object({ delta: Type.Optional(Type.Object({ content: Text })), finish_reason: Text }))])) });
const [isWhole, isEvent, isUsage] = [lazyCheck(Whole), lazyCheck(Event), lazyCheck(Usage)];

const refused = (detail: string): MaestroError => new MaestroError("egress.refused", detail);

function parsed<T extends TSchema>(text: string, check: ReturnType<typeof lazyCheck<T>>, what: string): Static<T> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refused(`sent ${what} that is no JSON`);
  }
  if (check().Check(value)) return value;
  throw refused(`sent ${what} in another form: ${check().Errors(value).First()?.path || "the whole"}`);
}

function claimedIn(usage: unknown): Claimed | null {
  return isUsage().Check(usage) ? { prompt_tokens: usage.prompt_tokens, completion_tokens: usage.completion_tokens } : null;
}

function finishOf(reason: string | null | undefined): ChatReply["finish"] {
  if (reason === "length") return "length";
  return reason === "content_filter" ? "filtered" : "stop";
}

const named = (model: string | null | undefined): string => (model ?? "").replace(/[^\x20-\x7e]/g, "?").slice(0, NAME_CHARACTERS_MAX);

/** Chunks up to a limit; passing it is the sender's fault. */
export async function* bounded(body: AsyncIterable<Uint8Array>, bytes_max: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > bytes_max) throw refused(`sent more than ${bytes_max} bytes`);
    yield chunk;
  }
}

/** Pieces put together, never more than a reply holds. */
class Said {
  #text = "";
  #bytes = 0;

  constructor(private readonly piece: (text: string) => void) {}

  add(text: string): void {
    if (text === "") return;
    this.#bytes += Buffer.byteLength(text);
    if (this.#bytes > CHAT_TEXT_BYTES_MAX) throw refused(`sent more than ${CHAT_TEXT_BYTES_MAX} bytes of text`);
    this.#text += text;
    this.piece(text);
  }

  get text(): string {
    return this.#text;
  }
}

export async function wholeAnswer(body: AsyncIterable<Uint8Array>, piece: (text: string) => void): Promise<Answer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bounded(body, CHAT_ANSWER_BYTES_MAX)) chunks.push(chunk);
  const { choices, usage, model } = parsed(Buffer.concat(chunks).toString("utf8"), isWhole, "an answer");
  const said = new Said(piece);
  said.add((choices[0]?.message.content ?? "").toWellFormed());
  return { text: said.text, finish: finishOf(choices[0]?.finish_reason), claimed: claimedIn(usage), answered_by: named(model) };
}

/** Lines of `data:`; every other line of an event stream says nothing here. */
async function* dataLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let rest = "";
  for await (const chunk of bounded(body, CHAT_STREAM_BYTES_MAX)) {
    rest += decoder.decode(chunk, { stream: true });
    for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
      const line = rest.slice(0, end);
      rest = rest.slice(end + 1);
      if (line.startsWith("data:")) yield line.slice("data:".length).trim();
    }
    if (rest.length > EVENT_BYTES_MAX) throw refused(`sent an event of more than ${EVENT_BYTES_MAX} characters`);
  }
}

/** A half of a surrogate pair waits for its other half. */
class Pairs {
  #half = "";

  whole(text: string): string {
    const all = this.#half + text;
    const last = all.charCodeAt(all.length - 1);
    this.#half = last >= 0xd800 && last <= 0xdbff ? all.slice(-1) : "";
    return all.slice(0, all.length - this.#half.length).toWellFormed();
  }
}

export async function streamedAnswer(body: AsyncIterable<Uint8Array>, piece: (text: string) => void): Promise<Answer> {
  const [said, pairs] = [new Said(piece), new Pairs()];
  let [finish, claimed, answered_by, done] = [null as string | null, null as Claimed | null, "", false];
  for await (const line of dataLines(body)) {
    if (line === "[DONE]") {
      done = true;
      break;
    }
    if (line.length > EVENT_BYTES_MAX) throw refused(`sent an event of more than ${EVENT_BYTES_MAX} characters`);
    const { choices, usage, model, error } = parsed(line, isEvent, "an event");
    if (error !== undefined && error !== null) throw new MaestroError("egress.failed", "broke off with an error in the middle of its answer");
    const [choice] = choices ?? [];
    said.add(pairs.whole(choice?.delta?.content ?? ""));
    finish = choice?.finish_reason ?? finish;
    claimed = claimedIn(usage) ?? claimed;
    answered_by ||= named(model);
  }
  if (finish === null && !done) throw new MaestroError("egress.failed", "ended its answer in the middle");
  return { text: said.text, finish: finishOf(finish), claimed, answered_by };
}
