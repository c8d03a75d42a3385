import { describe, expect, test } from "bun:test";
import { MaestroError } from "../../../proto/errors.ts";
import { UI_LIMITS } from "./limits.ts";
import { Sessions } from "./session.ts";

/** The detail of the refusal; throws where there was none. */
function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof MaestroError && error.code === "ui.session") return error.detail;
    throw error;
  }
  throw new Error("it was taken");
}

function sessions(): { all: Sessions; later: (ms: number) => void } {
  let now_ms = 1_000;
  return { all: new Sessions(() => now_ms), later: (ms) => void (now_ms += ms) };
}
const bearer = (key: string): string => `Bearer ${key}`;
const guess = (i: number): string => String(i).padStart(43, "A");

describe("a link", () => {
  test("is good once, and its key as often as it is used", () => {
    const { all } = sessions();
    const token = all.newToken();
    const key = all.exchange(token);
    expect([token.length, key.length, token === key]).toEqual([43, 43, false]);
    expect(all.of(bearer(key))).toBe(all.of(bearer(key)));
    expect(refusal(() => all.exchange(token))).toContain("was used");
  });

  test("that was never opened ends with the next, and with its time; the session of before stays", () => {
    const { all, later } = sessions();
    const key = all.exchange(all.newToken());
    const second = all.newToken();
    const third = all.newToken();
    expect(refusal(() => all.exchange(second))).toContain("newer one was made");
    later(UI_LIMITS.token_ms_max + 1);
    expect(refusal(() => all.exchange(third))).toContain("not opened in time");
    expect(refusal(() => all.exchange(third))).toContain("was used");
    expect(all.of(bearer(key))).toBeDefined();
  });

  test("attack: guessing goes no faster than a few a minute, and then not even the right one is looked at", () => {
    const { all, later } = sessions();
    const token = all.newToken();
    for (let i = 0; i < UI_LIMITS.wrong_tokens_max; i++) expect(refusal(() => all.exchange(guess(i)))).toContain("no link");
    expect(refusal(() => all.exchange(token))).toMatch(/too many .* wait 60 s/);
    later(UI_LIMITS.wrong_tokens_window_ms + 1);
    expect(all.of(bearer(all.exchange(token)))).toBeDefined();
  });
});

describe("a session", () => {
  test("is of one key in one form, and of nobody who has none", () => {
    const { all } = sessions();
    const key = all.exchange(all.newToken());
    for (const given of [null, "", key, `Basic ${key}`, bearer(`${key}A`), bearer(key.slice(1)), bearer(guess(1)), `${bearer(key)} `]) expect(refusal(() => all.of(given))).not.toBe("");
  });

  test("is over when nothing was asked for long, and one tab too many ends the quietest", () => {
    const { all, later } = sessions();
    const keys = Array.from({ length: UI_LIMITS.sessions_max }, () => all.exchange(all.newToken()));
    later(1);
    for (const key of keys.slice(1)) all.of(bearer(key));
    all.exchange(all.newToken());
    expect(refusal(() => all.of(bearer(keys[0] ?? "")))).toContain("over");
    later(UI_LIMITS.session_idle_ms + 1);
    expect(refusal(() => all.of(bearer(keys[1] ?? "")))).toContain("over");
  });
});
