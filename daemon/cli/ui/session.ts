/**
 * Who may ask: the link's token is good for one exchange, and what it is exchanged for is a key that this process alone knows. Of both only
 * digests are kept, and those are compared in a time that says nothing.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { MaestroError } from "../../../proto/errors.ts";
import { UI_LIMITS } from "./limits.ts";

const SECRET_BYTES = 32;
const secret = (): string => randomBytes(SECRET_BYTES).toString("base64url");
const digest = (text: string): Uint8Array => createHash("sha256").update(text).digest();

/** Of one tab. */
export interface Session {
  readonly key_digest: Uint8Array;
  asked_ms: number;
}

export class Sessions {
  private current: { readonly digest: Uint8Array; readonly made_ms: number } | null = null;
  /** Oldest first. */
  private used: Uint8Array[] = [];
  private sessions: Session[] = [];
  private wrong = { since_ms: -Infinity, count: 0 };

  constructor(private readonly now_ms: () => number = () => performance.now()) {}

  /** A token for a new link; the one before is good for nothing any more. */
  newToken(): string {
    const token = secret();
    if (this.current !== null) this.bury(this.current.digest);
    this.current = { digest: digest(token), made_ms: this.now_ms() };
    return token;
  }

  private bury(one: Uint8Array): void {
    this.used = [...this.used, one].slice(-UI_LIMITS.used_tokens_max);
  }

  /** The key of a new session. Throws `ui.session`. */
  exchange(token: string): string {
    const now_ms = this.now_ms();
    if (now_ms - this.wrong.since_ms > UI_LIMITS.wrong_tokens_window_ms) this.wrong = { since_ms: now_ms, count: 0 };
    // Before it is looked at: guessing goes no faster, however many connections guess.
    if (this.wrong.count >= UI_LIMITS.wrong_tokens_max) throw new MaestroError("ui.session", `too many links that are none were tried; wait ${Math.ceil((this.wrong.since_ms + UI_LIMITS.wrong_tokens_window_ms - now_ms) / 1000)} s and open the link once more`);
    const given = digest(token);
    const { current } = this;
    if (current === null || !timingSafeEqual(given, current.digest)) {
      this.wrong.count++;
      throw new MaestroError("ui.session", this.used.some((one) => timingSafeEqual(one, given)) ? "this link was used, or a newer one was made" : "this is no link of this maestro ui");
    }
    this.current = null;
    this.bury(current.digest);
    if (now_ms - current.made_ms > UI_LIMITS.token_ms_max) throw new MaestroError("ui.session", "this link was not opened in time");
    const key = secret();
    this.sessions = [...this.sessions.toSorted((a, b) => a.asked_ms - b.asked_ms), { key_digest: digest(key), asked_ms: now_ms }].slice(-UI_LIMITS.sessions_max);
    return key;
  }

  /** The session of a request's `Authorization`. Throws `ui.session`. */
  of(authorization: string | null): Session {
    const key = /^Bearer ([A-Za-z0-9_-]{43})$/.exec(authorization ?? "")?.[1];
    if (key === undefined) throw new MaestroError("ui.session", "the request names no session");
    const now_ms = this.now_ms();
    const given = digest(key);
    this.sessions = this.sessions.filter(({ asked_ms }) => now_ms - asked_ms <= UI_LIMITS.session_idle_ms);
    // Every one is compared, so that the time does not say which fitted.
    const found = this.sessions.filter(({ key_digest }) => timingSafeEqual(key_digest, given))[0];
    if (found === undefined) throw new MaestroError("ui.session", "the session is over, or of another maestro ui");
    found.asked_ms = now_ms;
    return found;
  }
}
