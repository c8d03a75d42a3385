/** What a code host is told of a verdict: who may be told, and what the egress helper is asked to say. */
import { Type, type Static } from "@sinclair/typebox";
import { Choice, Closed, Count, GitOid, RefName, RepositoryId } from "./scalar.ts";

/** In a row of the operator table: where its verdicts are published. Only the helper reads the token. */
export const StatusHost = Closed({
  host: Choice(["github", "gitlab"], { description: "whose API it is" }),
  api: Type.String({ pattern: "^https?://[A-Za-z0-9.:\\[\\]_-]{1,253}(?:/[A-Za-z0-9._~/-]{0,200})?$", description: "address of the API, such as https://api.github.com or https://gitlab.example.org/api/v4; https, or http on this machine" }),
  project: Type.String({ pattern: "^(?:[0-9]{1,18}|[A-Za-z0-9._-]{1,100}(?:/[A-Za-z0-9._-]{1,100}){1,8})$", description: "owner/name at GitHub; path or number at GitLab" }),
  token_file: Type.String({ pattern: "^(?:/[A-Za-z0-9._/@+-]{1,1000}|credential:[A-Za-z0-9._-]{1,64})$", description: "one line: a token that may write commit statuses and nothing else; private to the helper's user, or credential:NAME" }),
  context: Type.Optional(Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9 ._/-]{0,63}$", description: "name of the status; default maestro" })),
});
export type StatusHost = Static<typeof StatusHost>;

/** `error`: it is held because something required could not answer. Never success for anything but an admit. */
export const StatusState = Choice(["success", "failure", "pending", "error"]);
export type StatusState = Static<typeof StatusState>;

export const STATUS_DESCRIPTION_CHARACTERS_MAX = 140;

export const StatusJob = Closed(
  {
    kind: Type.Literal("status"),
    repository: RepositoryId,
    ref: RefName,
    head: GitOid,
    state: StatusState,
    description: Type.String({ maxLength: STATUS_DESCRIPTION_CHARACTERS_MAX, pattern: "^[\\x20-\\x7e]*$" }),
    deadline_ms: Count,
  },
  { description: "says a verdict where the table says so; it names a repository, never an address" },
);
export type StatusJob = Static<typeof StatusJob>;
export const StatusReply = Closed({ kind: Type.Literal("status"), context: Type.String() });

/** What the reporter keeps between its runs. */
export const ReporterState = Closed({
  v: Type.Literal(1),
  /** Place of the feed that comes next. */
  next: Count,
  /** What stood right before it: where something else stands there now, the feed is another one. */
  last: Type.Optional(Closed({ gate_id: Type.String(), attempt: Type.Integer({ minimum: 1 }) })),
  published: Count,
  dead: Type.Array(Closed({ place: Count, repository: RepositoryId, head: GitOid, because: Type.String({ maxLength: 500 }), at: Type.String() }), { maxItems: 100, description: "verdicts that could not be published, newest last" }),
  dead_total: Count,
});
export type ReporterState = Static<typeof ReporterState>;
