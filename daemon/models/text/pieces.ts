/** Tokens to text as it may be shown: whole characters, nothing that may yet turn out to be a stop string. Pure. */

/** A character is at most 4 bytes, so at most 4 tokens; what is none after that never becomes one. */
const HELD_TOKENS_MAX = 4;
const UNFINISHED = "\uFFFD";

export class Pieces<Token> {
  readonly #decode: (tokens: readonly Token[], before: readonly Token[]) => string;
  readonly #stops: readonly string[];
  readonly #take: (piece: string) => void;
  #before: readonly Token[];
  #tokens: Token[] = [];
  /** Decoded and not shown. */
  #held = "";
  #text = "";
  stopped = false;

  /** `before`: the prompt's last tokens; how the first one is written may depend on them. */
  constructor(decode: (tokens: readonly Token[], before: readonly Token[]) => string, stops: readonly string[], before: readonly Token[], take: (piece: string) => void) {
    this.#decode = decode;
    this.#stops = stops;
    this.#before = before;
    this.#take = take;
  }

  /** Everything shown. */
  get text(): string {
    return this.#text;
  }

  push(token: Token): void {
    this.#tokens.push(token);
    const piece = this.#decode(this.#tokens, this.#before);
    if (piece.endsWith(UNFINISHED) && this.#tokens.length < HELD_TOKENS_MAX) return;
    this.#before = [...this.#before, ...this.#tokens].slice(-HELD_TOKENS_MAX);
    this.#tokens = [];
    this.#hear(piece);
  }

  /** Nothing more comes: what was held back is shown. */
  end(): void {
    if (this.#tokens.length > 0) this.#hear(this.#decode(this.#tokens, this.#before));
    this.#tokens = [];
    if (!this.stopped) this.#show(this.#held);
    this.#held = "";
  }

  #hear(piece: string): void {
    if (this.stopped) return;
    this.#held += piece;
    const at = this.#stops.map((stop) => this.#held.indexOf(stop)).filter((index) => index >= 0);
    if (at.length > 0) {
      this.#show(this.#held.slice(0, Math.min(...at)));
      this.#held = "";
      this.stopped = true;
      return;
    }
    const kept = Math.max(0, ...this.#stops.map((stop) => overlap(this.#held, stop)));
    this.#show(this.#held.slice(0, this.#held.length - kept));
    this.#held = this.#held.slice(this.#held.length - kept);
  }

  #show(piece: string): void {
    if (piece === "") return;
    this.#text += piece;
    this.#take(piece);
  }
}

/** The longest end of `text` that `stop` begins with. */
function overlap(text: string, stop: string): number {
  for (let length = Math.min(text.length, stop.length - 1); length > 0; length--) if (text.endsWith(stop.slice(0, length))) return length;
  return 0;
}
