/**
 * A served page's side of `maestro ui`: the link's token is exchanged once for a key, and with it this page asks who served it, and nobody
 * else. The only file of the pages that reaches the network; a page opened from disk never calls it, and its policy would not let it.
 */
import type { SessionAbout, SessionReply } from "../../../proto/ui.ts";

declare const location: { readonly protocol: string; readonly hash: string; readonly pathname: string; reload(): void };
declare const addEventListener: (type: "hashchange", listener: () => void) => void;
declare const history: { replaceState(state: null, title: string, url: string): void };
declare const sessionStorage: { getItem(name: string): string | null; setItem(name: string, value: string): void; removeItem(name: string): void };

/** Kept by the browser for this tab alone, so that a reload asks for no new link. */
const KEPT_AS = "maestro.session";
/** A link's fragment is its token and nothing else; a page's own state in a fragment has another form. */
const TOKEN = /^#([A-Za-z0-9_-]{43})$/;
const SESSION = "/session";

/** Why there was no answer. The page keeps what it has in every case. */
export type Failure = {
  /** `ended`: `maestro ui` itself does not answer. `session`: this page needs a new link. `daemon`: the daemon behind it is stopped, of another version or not to be reached. `refused`: asked and denied. */
  readonly why: "ended" | "session" | "daemon" | "refused";
  /** The code of the table of errors, or one of the words above. */
  readonly code: string;
  /** A sentence to show as it is. */
  readonly said: string;
};
export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

export interface Live {
  readonly about: SessionAbout;
  /** A route of the daemon by its path, such as `/v1/cards/newest`. */
  daemon<T>(path: string): Promise<Answer<T>>;
  /** A path of `maestro ui` itself, such as `/api/invariants`; with a body it is sent. */
  ask<T>(path: string, sent?: { readonly method: "POST" | "PUT"; readonly body: unknown }): Promise<Answer<T>>;
  /** A reply of several documents, one per line, each handed over as it comes; the last failure is the answer. */
  events<T>(path: string, body: unknown, each: (event: T) => void): Promise<Answer<null>>;
}
export type Opening = { readonly at: "disk" } | { readonly at: "closed"; readonly failure: Failure } | { readonly at: "open"; readonly live: Live };

const ENDED: Failure = { why: "ended", code: "ended", said: "maestro ui does not answer any more. What you have here stays; start maestro ui again in a terminal and open its link in this tab." };
const NO_SESSION: Failure = { why: "session", code: "auth.token", said: "This page has no session. Press Enter in the terminal where maestro ui runs, and open the new link in this tab." };

const textIn = (document: unknown, field: string): string => {
  const value: unknown = typeof document === "object" && document !== null ? Reflect.get(document, field) : undefined;
  return typeof value === "string" ? value : "";
};

const DAEMON_GONE = new Set(["daemon.unreachable", "daemon.draining", "daemon.foreign_socket", "api.version", "worker.protocol"]);

/** A title may point to its detail, and here that stands beside it. */
const POINTER = /(?:;|\.) [Tt]he detail says [^.]*(?=\.)/;

/** What a problem document (RFC 9457) stands for. */
function failureOf(status: number, document: unknown): Failure {
  const code = textIn(document, "code");
  const detail = textIn(document, "detail");
  const title = detail === "" ? textIn(document, "title") : textIn(document, "title").replace(POINTER, "");
  // Why first: what to do about it is the same for every reason.
  if (status === 401) return { why: "session", code, said: title === "" ? NO_SESSION.said : `${detail === "" ? "" : `${detail[0]?.toUpperCase()}${detail.slice(1)}. `}${title}` };
  return { why: DAEMON_GONE.has(code) ? "daemon" : "refused", code: code === "" ? String(status) : code, said: [title, detail].filter((part) => part !== "").join(" ") || `it answered ${status} without a reason` };
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (cause instanceof SyntaxError) return null;
    throw cause;
  }
};

const init = (method: string, key: string | null, body: unknown): RequestInit => ({
  method,
  headers: { ...(key === null ? {} : { authorization: `Bearer ${key}` }), ...(body === undefined ? {} : { "content-type": "application/json" }) },
  ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  cache: "no-store",
  credentials: "omit",
  redirect: "error",
});

/** A connection that cannot be made or breaks off is told apart from an answer; a path is always of the address this page came from. */
async function asked<T>(path: string, request: RequestInit, read: (response: Response) => Promise<Answer<T>>): Promise<Answer<T>> {
  try {
    const response = await fetch(path, request);
    return response.ok ? await read(response) : { ok: false, failure: failureOf(response.status, parsed(await response.text())) };
  } catch (cause) {
    if (cause instanceof TypeError || (cause instanceof Error && cause.name === "AbortError")) return { ok: false, failure: ENDED };
    throw cause;
  }
}

async function documentIn<T>(response: Response): Promise<Answer<T>> {
  const text = await response.text();
  const document = parsed(text);
  return document === null ? { ok: false, failure: { why: "ended", code: "worker.protocol", said: "The answer broke off before its end; ask again." } } : { ok: true, value: document as T };
}

/** Hands over each line that is whole; a line of `failure` ends it. */
async function linesIn<T>(response: Response, each: (event: T) => void): Promise<Answer<null>> {
  const reader = (response.body ?? new Blob([]).stream()).getReader();
  const decoder = new TextDecoder();
  let rest = "";
  let failure: Failure | null = null;
  const line = (text: string): void => {
    const event = parsed(text);
    const problem: unknown = textIn(event, "event") === "failure" ? Reflect.get(event as object, "problem") : null;
    if (problem !== null) failure = failureOf(0, problem);
    else if (event !== null) each(event as T);
  };
  for (;;) {
    const { done, value } = await reader.read();
    rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
    const lines = rest.split("\n");
    rest = done ? "" : (lines.pop() ?? "");
    lines.filter((text) => text !== "").forEach(line);
    if (done) return failure === null ? { ok: true, value: null } : { ok: false, failure };
  }
}

/** Whose key a new link may change while the page stays as it is. */
interface Session {
  key: string;
}

function opened(session: Session, about: SessionAbout): Live {
  return {
    about,
    daemon: <T>(path: string) => asked<T>(`/api${path}`, init("GET", session.key, undefined), documentIn),
    ask: <T>(path: string, sent?: { readonly method: "POST" | "PUT"; readonly body: unknown }) => asked<T>(path, init(sent?.method ?? "GET", session.key, sent?.body), documentIn),
    events: (path, body, each) => asked(path, init("POST", session.key, body), (response) => linesIn(response, each)),
  };
}

/** What the browser keeps for this tab alone; null where there is nothing. */
export function keptForTab(name: string): string | null {
  try {
    return sessionStorage.getItem(name);
  } catch (cause) {
    // A browser that keeps nothing throws: then each reload needs a new link.
    if (cause instanceof Error) return null;
    throw cause;
  }
}

/** Null takes it away. Whether the browser did. */
export function keepForTab(name: string, text: string | null): boolean {
  try {
    if (text === null) sessionStorage.removeItem(name);
    else sessionStorage.setItem(name, text);
    return true;
  } catch (cause) {
    if (cause instanceof Error) return false;
    throw cause;
  }
}

const keep = (key: string): void => void keepForTab(KEPT_AS, key);

/** The token leaves the address at once, so that neither history nor a copied address has it. */
function tokenTaken(): string | null {
  const token = TOKEN.exec(location.hash)?.[1];
  if (token === undefined) return null;
  history.replaceState(null, "", location.pathname);
  return token;
}

const exchange = (token: string): Promise<Answer<SessionReply>> => asked<SessionReply>(SESSION, init("POST", null, { token }), documentIn);

/** A new link that is opened in this very tab changes its fragment alone, and the browser loads nothing: the page goes on with the new key, and what it holds stays. */
function takeNewLinks(session: Session): void {
  addEventListener("hashchange", () => {
    const token = tokenTaken();
    if (token === null) return;
    void exchange(token).then((exchanged) => {
      if (!exchanged.ok) return;
      session.key = exchanged.value.key;
      keep(session.key);
    });
  });
}

/** A page that was not opened has nothing to lose. */
const loadNewLinks = (): void => addEventListener("hashchange", () => (TOKEN.test(location.hash) ? location.reload() : undefined));

function open(key: string, about: SessionAbout): Opening {
  const session = { key };
  keep(key);
  takeNewLinks(session);
  return { at: "open", live: opened(session, about) };
}

function closed(failure: Failure): Opening {
  loadNewLinks();
  return { at: "closed", failure };
}

/** Opens the session of a page that was served; `disk` where it was not. */
export async function openLive(): Promise<Opening> {
  if (location.protocol !== "http:") return { at: "disk" };
  const token = tokenTaken();
  const exchanged = token === null ? null : await exchange(token);
  if (exchanged?.ok === true) return open(exchanged.value.key, exchanged.value.about);
  // A link used before, opened in the tab that used it: its session is still there.
  const key = keptForTab(KEPT_AS);
  if (key === null) return closed(exchanged?.failure ?? NO_SESSION);
  const about = await asked<SessionAbout>(SESSION, init("GET", key, undefined), documentIn);
  return about.ok ? open(key, about.value) : closed(exchanged?.failure ?? about.failure);
}
