import { ERRORS, type ErrorCode } from "./contract/error-table.ts";

/** What the daemon or this client reports: a code of `ERRORS`, and a detail for a person. A verdict is never an error. */
export class MaestroError extends Error {
  /** A newer daemon may say a code that this client does not know. */
  readonly code: ErrorCode | (string & {});
  readonly detail: string;
  /** Whether the same request may succeed later without being changed. */
  readonly retry: boolean;
  /** HTTP status and request id of the daemon's answer; null where there was none. */
  readonly status: number | null;
  readonly request_id: string | null;

  constructor(code: ErrorCode | (string & {}), detail: string, options: { cause?: unknown; retry?: boolean; status?: number; request_id?: string } = {}) {
    const known = isCode(code) ? ERRORS[code] : null;
    super(`${known?.sentence ?? "The daemon reports what this client does not know."} (${code}: ${detail})`, { cause: options.cause });
    this.name = "MaestroError";
    this.code = code;
    this.detail = detail;
    this.retry = options.retry ?? known?.retry ?? false;
    this.status = options.status ?? null;
    this.request_id = options.request_id ?? null;
  }
}

const isCode = (code: string): code is ErrorCode => Object.hasOwn(ERRORS, code);
