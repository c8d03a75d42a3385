import type { Problem } from "./api.ts";
import { ERRORS, type ErrorCode, MaestroError } from "./errors.ts";

export const PROBLEM_TYPE = "application/problem+json";

/** The one way a failure becomes a document: RFC 9457 section 3, with our code beside it. */
export function problem(code: ErrorCode, detail: string, request_id: string): Problem {
  const { status, retry, sentence } = ERRORS[code];
  return { type: `urn:maestro:error:${code}`, title: sentence, status, detail, code, retry, request_id };
}

/** The failure a problem document stands for; `null` for a code this version does not know. */
export function problemError(document: { readonly code: string; readonly detail: string }): MaestroError | null {
  return isErrorCode(document.code) ? new MaestroError(document.code, document.detail) : null;
}

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}
