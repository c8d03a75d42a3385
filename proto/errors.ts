/**
 * The one table of operational failures: what a client sees over HTTP, what a
 * script sees as an exit code, whether trying again can help, and what to do.
 * A verdict is never an error; a bug is an assertion.
 */
export interface ErrorRow {
  /** HTTP status of the problem+json reply (RFC 9457). */
  readonly status: number;
  /** Exit code of the CLI; see `EXIT`. */
  readonly exit: number;
  /** Whether the same request may succeed later without being changed. */
  readonly retry: boolean;
  /** What happened and what to do about it, for a person. */
  readonly sentence: string;
}

/** Exit codes of `maestro`. 69, 70 and 75 follow sysexits.h. */
export const EXIT = {
  admit: 0,
  refuse: 1,
  usage: 2,
  hold: 3,
  not_authorised: 4,
  unavailable: 69,
  internal: 70,
  another_instance: 75,
} as const;

/** `maestro verify` keeps its own two failures apart: a broken bundle, and a sound one signed by nobody we trust. */
export const VERIFY_EXIT = { verified: 0, failed: 1, usage: 2, unknown_signer: 3 } as const;

const row = (status: number, exit: number, retry: boolean, sentence: string): ErrorRow => ({ status, exit, retry, sentence });

export const ERRORS = {
  "request.malformed": row(400, EXIT.usage, false, "The request is not what this route takes; the detail names the field."),
  "request.not_found": row(404, EXIT.usage, false, "There is nothing under that name; the detail says what was looked for."),
  "request.method": row(405, EXIT.usage, false, "This route does not take that method; see GET /openapi.json."),
  "request.too_large": row(413, EXIT.usage, false, "The request is larger than the limit named in the detail; send less or raise that limit in the host configuration."),
  "request.headers_too_large": row(431, EXIT.usage, false, "The request's headers are larger than the daemon takes."),
  "request.slow": row(408, EXIT.unavailable, true, "The request arrived too slowly and was cut off; send it in one go."),
  "request.media_type": row(415, EXIT.usage, false, "The body's content type is not one this route takes."),
  "request.cancelled": row(499, EXIT.unavailable, true, "The client went away before the answer was ready."),
  "request.busy": row(503, EXIT.unavailable, true, "The daemon is at its limit of concurrent work; try again shortly."),
  "request.timeout": row(504, EXIT.unavailable, true, "The work did not finish within the deadline."),
  "auth.peer_unknown": row(403, EXIT.not_authorised, false, "The kernel did not say who is connected, so the request was refused."),
  "auth.denied": row(403, EXIT.not_authorised, false, "This user may not do that; ask the operator of the build host."),
  "auth.token": row(403, EXIT.not_authorised, false, "The token is not accepted; the detail says why. Ask the operator for another one."),
  "tenant.rate": row(429, EXIT.unavailable, true, "This tenant asks faster than the operator allows; try again shortly."),
  "tenant.queue": row(429, EXIT.unavailable, true, "This tenant has as much work in line as the operator allows; wait for some of it to end."),
  "tenant.budget": row(429, EXIT.unavailable, true, "This tenant's budget does not cover the work; the detail says when it is refilled."),
  "api.version": row(426, EXIT.unavailable, false, "The daemon speaks another version of the interface; run `maestro stop`, then start again."),
  "daemon.unreachable": row(503, EXIT.unavailable, true, "No daemon answers on the socket; start yours as it was started. `maestro gate --embedded` starts a private one, which asks no rules of a folder."),
  "daemon.draining": row(503, EXIT.unavailable, true, "The daemon is stopping; try again once it is back."),
  "daemon.another_instance": row(503, EXIT.another_instance, false, "Another maestrod holds this state folder; stop it first, or choose another folder."),
  "daemon.foreign_socket": row(503, EXIT.not_authorised, false, "The socket belongs to another user; point --socket at your own daemon."),
  "daemon.listener": row(500, EXIT.internal, false, "A listening socket is not a Unix socket; the daemon will not run with an open port."),
  "socket.path_too_long": row(400, EXIT.usage, false, "A Unix socket path may have at most 107 bytes; choose a shorter state or runtime folder."),
  "socket.occupied": row(503, EXIT.unavailable, false, "Something else already answers or lies at the socket path; choose another path, or remove it if you know what it is."),
  "config.malformed": row(400, EXIT.usage, false, "The configuration cannot be read; the detail names the file and line."),
  "config.unknown_key": row(400, EXIT.usage, false, "The configuration has a key Maestro does not know; the detail gives its path."),
  "config.loosens": row(400, EXIT.usage, false, "A repository may only tighten what the host decided; change the host configuration instead."),
  "policy.load": row(422, EXIT.hold, false, "The policy bundle does not load, so nothing can be admitted; rebuild it with `opa build -t wasm`."),
  "policy.evaluate": row(422, EXIT.hold, false, "The policy did not give a decision, so nothing can be admitted; see the detail."),
  "git.not_repository": row(400, EXIT.usage, false, "That folder is not inside a git repository; give the path of one."),
  "git.foreign_owner": row(403, EXIT.not_authorised, false, "The repository belongs to another user, so git will not read it; run this as its owner, or allow it with `git config --global --add safe.directory FOLDER`."),
  "git.unknown_ref": row(400, EXIT.usage, false, "git does not know that name; check it with `git rev-parse`, or fetch it first."),
  "git.empty_repository": row(400, EXIT.usage, false, "The repository has no commit yet; make one first."),
  "git.missing": row(503, EXIT.unavailable, false, "git is not installed or too old; Maestro needs git 2.38 or newer on the PATH."),
  "git.failed": row(500, EXIT.internal, true, "git ended with an error; the detail has its message."),
  "intake.refused": row(422, EXIT.refuse, false, "git refused the objects of this change; the detail names the first one."),
  "intake.incomplete": row(422, EXIT.hold, false, "Objects the change needs were not sent; fetch with full history (fetch-depth: 0) and try again."),
  "intake.unknown": row(404, EXIT.unavailable, true, "That intake is unknown or has expired; send the pack again."),
  "store.folder": row(500, EXIT.unavailable, false, "The state folder cannot be made or written by this user; give it the right to, or name another with --state."),
  "store.no_space": row(507, EXIT.unavailable, true, "The disk of the state folder is full; free space and try again, nothing was acknowledged."),
  "store.read_only": row(503, EXIT.unavailable, true, "The file system of the state folder is read-only, so no verdict could be kept and none was given; what is on record can still be read. See the kernel's log, then repair or remount it."),
  "store.corrupt": row(500, EXIT.internal, false, "Something stored does not match its own hash; run `maestro fsck`, then `maestro fsck --repair` with the daemon stopped, or restore a backup."),
  "store.quota": row(507, EXIT.unavailable, false, "This tenant, or the node as a whole, keeps as many bytes as it may; run `maestro gc`, or raise the limit named in the detail."),
  "backup.damaged": row(422, EXIT.refuse, false, "The backup is not what its own manifest says; use another one."),
  "backup.target": row(500, EXIT.unavailable, false, "The backup could not be written where it was to go, and nothing of it is left there; the detail says why."),
  "restore.occupied": row(409, EXIT.usage, false, "Nothing is written over something that is there; name a folder that is absent or empty, and stop the daemon before a restore."),
  "store.schema": row(500, EXIT.internal, false, "The state folder was written by another version; use that version or a fresh folder."),
  "store.copied": row(409, EXIT.unavailable, false, "The state folder is a copy of another one and has its keys; two daemons of one key would sign two histories, so it is not started. The detail says what to do."),
  "store.commit": row(500, EXIT.internal, true, "The state could not be made durable; nothing was acknowledged."),
  "record.expired": row(410, EXIT.usage, false, "That record is gone because its time was over or an operator asked for it; its tombstone and its log entry stay, and a bundle you kept still verifies. See `maestro lineage`."),
  "retention.refused": row(409, EXIT.usage, false, "Retention forbids that: a held record does not go, and an export takes nothing that is past its time. The detail says which."),
  "worker.crashed": row(500, EXIT.unavailable, true, "A check process ended before it answered."),
  "worker.deadline": row(504, EXIT.unavailable, true, "A check process passed its deadline and was killed."),
  "worker.memory": row(500, EXIT.unavailable, true, "A check process passed its memory limit and was killed."),
  "worker.suspended": row(503, EXIT.unavailable, true, "Check processes died again and again, so none is started for a moment; the detail has the last reason."),
  "worker.protocol": row(500, EXIT.unavailable, false, "A check process answered with something that is not an answer."),
  "sandbox.unavailable": row(503, EXIT.unavailable, false, "Outside code cannot be run here without a sandbox; the detail says what to install or allow."),
  "sandbox.failed": row(500, EXIT.unavailable, true, "The sandbox itself broke before it had an answer."),
  "models.unknown": row(404, EXIT.usage, false, "No such model is configured or stored here; the detail names those that are. See `maestro models list`."),
  "models.refused": row(400, EXIT.usage, false, "The files are not the model that the lock promises, or lack the text of its licence; nothing was stored. The detail names the file."),
  "models.missing": row(503, EXIT.unavailable, false, "A part of the local models is not installed here; `maestro models setup` installs engines and models, `maestro models import` takes files."),
  "models.corrupt": row(500, EXIT.internal, false, "A stored model's bytes are no longer those of its digest, so it is not loaded; import it again."),
  "models.load": row(503, EXIT.unavailable, false, "The engine cannot load this model; the detail says why. Other models are not affected."),
  "models.memory": row(503, EXIT.unavailable, false, "The model needs more memory than this node or its limits allow; the detail gives both figures."),
  "models.context": row(400, EXIT.usage, false, "Prompt and answer do not fit the model's context; the detail gives both figures. Send less, or raise context_tokens of that model."),
  "models.adapter": row(400, EXIT.usage, false, "The adapter is not stored, belongs to another model, or changes nothing; the detail says which."),
  "models.request": row(400, EXIT.usage, false, "The model cannot do what the request asks for; the detail names the field."),
  "models.died": row(503, EXIT.unavailable, true, "The model's worker ended in the middle of the request and was started again; send the request once more."),
  "models.busy": row(429, EXIT.unavailable, true, "This model gave no turn in time: as many requests wait for it as its limit allows, or it is still being loaded; the detail says which. Try again shortly."),
  "models.denied": row(403, EXIT.not_authorised, false, "Policy or the seal of this node forbids that model to this request; the detail says which rule."),
  "egress.failed": row(503, EXIT.unavailable, true, "What the host configuration names outside this node, a remote or a service or a model, could not be reached or read, so nothing was decided or made of it; try again, and if it stays see the detail and `maestro logs`."),
  "egress.denied": row(503, EXIT.unavailable, false, "What the host configuration names outside this node did not let the daemon in; its credentials or address there need the operator."),
  "egress.timeout": row(504, EXIT.unavailable, true, "What the host configuration names outside this node did not answer in time, so nothing was decided or made of it; try again, or raise limits.egress, for a model limits.inference.generate_deadline_ms."),
  "egress.refused": row(502, EXIT.unavailable, false, "What was sent from outside this node was refused, so nothing was decided or made of it; the detail names the fault, which is the sender's to mend."),
  "egress.sealed": row(503, EXIT.unavailable, false, "This node is sealed: it opens no connection to any network."),
  "release.denied": row(403, EXIT.not_authorised, false, "This person or this proof may not release that change; the detail says why, and what would count."),
  "release.stale": row(409, EXIT.usage, false, "That request to release is gone or does not fit any more; ask again."),
  "draft.statements": row(409, EXIT.usage, false, "As many statements about drafts of that attempt are signed as there may be; the detail has the number. Ask for the drafts without --out."),
  "release.nothing": row(422, EXIT.hold, false, "There is nothing in that decision which such a release could lift; the detail says what each reason needs."),
  "evidence.log": row(500, EXIT.internal, true, "The transparency log could not be appended to, so no verdict was given."),
  "time.reset": row(409, EXIT.usage, false, "Log time can be reset only while it is frozen, and only to a clock that agrees with yours; see `maestro clock`."),
  "evidence.succession": row(500, EXIT.internal, false, "The log must begin anew under another key, and the trust file cannot be changed here; the detail says what to do."),
  "evidence.witness": row(503, EXIT.unavailable, false, "This node remembers less of that log than it cosigned, so it cosigns it no more; see docs/witness.md."),
  "evidence.keys": row(500, EXIT.internal, false, "A signing key is missing, unreadable or open to other users; see the detail."),
  "log.next_key": row(409, EXIT.usage, false, "The log cannot go on under its next key yet; the detail says what to do first."),
  "bundle.malformed": row(400, VERIFY_EXIT.failed, false, "The bundle is not a Maestro evidence bundle in canonical form."),
  "trust.malformed": row(400, EXIT.usage, false, "The trust file cannot be read; give the one the operator published with --trust."),
  "cli.usage": row(400, EXIT.usage, false, "The command line is not understood; see `maestro --help`."),
  "ui.session": row(401, EXIT.not_authorised, false, "This page has no session with `maestro ui`; press Enter in the terminal where it runs, and open the new link in this tab."),
  "ui.origin": row(403, EXIT.not_authorised, false, "The request did not come from a page of this `maestro ui`, so it was not answered."),
  "ui.folder": row(422, EXIT.usage, false, "That file of invariants is not read or written from a page; the detail says why."),
  "cli.output": row(500, EXIT.internal, false, "What the command had to say could not be written; its reader went away, or the disk is full."),
  "install.failed": row(503, EXIT.unavailable, true, "A needed package could not be installed; check the network to your package registry."),
  "breaker.open": row(503, EXIT.unavailable, true, "That action failed too often, so it is refused for a while; the detail says why and until when. A person may close it: `maestro breaker reset`."),
  "learning.episode": row(422, EXIT.usage, false, "That cannot have been a decision as it is described, so nothing of it is kept; the detail names the field. See docs/learning.md."),
  "learning.outcome": row(409, EXIT.usage, false, "That outcome does not fit what is on record of the episode: it has another one, or its time was over; the detail says which."),
  "routing.no_arm": row(422, EXIT.unavailable, false, "No arm of that router can answer this; the detail says what is asked of it, or what was taken away."),
  "learning.candidate": row(422, EXIT.usage, false, "That is no policy of this router, so it was not judged; the detail names what is wrong. `maestro learn fit` writes one."),
  "invariant.violated": row(500, EXIT.internal, false, "A rule that must hold of this daemon would not, so nothing of it was done; the detail names the rule. See docs/guards.md, and report it with the request id."),
  "internal.bug": row(500, EXIT.internal, false, "Something that must hold does not; please report it with the request id."),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

export const ERROR_CODES = Object.keys(ERRORS) as ErrorCode[];

/** An operational failure with a code of `ERRORS`; `detail` says which file, field or limit. */
export class MaestroError<Code extends ErrorCode = ErrorCode> extends Error {
  readonly code: Code;
  readonly detail: string;
  /** Seconds after which trying again may help; `null` where nothing is known but the code. */
  readonly retry_after_s: number | null;

  constructor(code: Code, detail: string, options?: { cause?: unknown; retry_after_s?: number }) {
    super(`${ERRORS[code].sentence} (${detail})`, options);
    this.name = "MaestroError";
    this.code = code;
    this.detail = detail;
    this.retry_after_s = options?.retry_after_s ?? null;
  }

  get row(): ErrorRow {
    return ERRORS[this.code];
  }
}
