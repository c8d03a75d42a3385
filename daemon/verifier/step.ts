import type { VerifyCode, VerifyReason } from "../../proto/verification.ts";

/** One step of a verification: its value, or the reason why it stops here. A refusal is a value, not an exception. */
export type Step<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: VerifyReason };

const DETAIL_CHARS_MAX = 2000;

export const pass = <T>(value: T): Step<T> => ({ ok: true, value });

export const stop = (code: VerifyCode, detail: string): { readonly ok: false; readonly reason: VerifyReason } => ({
  ok: false,
  reason: { code, detail: detail.slice(0, DETAIL_CHARS_MAX) },
});
