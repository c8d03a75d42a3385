/** What `maestro ui` and a page that it serves say to each other. The daemon knows nothing of it. */
import { Type, type Static } from "@sinclair/typebox";
import { GateId } from "./change.ts";
import { ReleaseKind, ReleaseReason, ReleaseRequest } from "./release.ts";
import { INVARIANT_BYTES_MAX } from "./invariant.ts";
import { Choice, Closed, Sha256Hex, ShortText } from "./scalar.ts";

/** The link's token, and the key that a page gets for it: 32 random bytes. */
const Secret = Type.String({ pattern: "^[A-Za-z0-9_-]{43}$" });

/** `POST /session`: a token that was not used before is exchanged for the key of this page's session. */
export const SessionAsk = Closed({ token: Secret });
export type SessionAsk = Static<typeof SessionAsk>;

/** Who signs what is approved from a page: a key file or an agent that `maestro ui` was given, or the user as who it runs. */
export const Signer = Choice(["user", "key", "agent"]);

/** `GET /session`: what is behind the page. */
export const SessionAbout = Closed({
  version: ShortText,
  /** Folder of invariants as it is called where the command was given, and whether it is there. */
  folder: ShortText,
  folder_there: Type.Boolean(),
  signer: Signer,
});
export type SessionAbout = Static<typeof SessionAbout>;

export const SessionReply = Closed({ key: Secret, about: SessionAbout });
export type SessionReply = Static<typeof SessionReply>;

/** `POST /api/offer`: what would be signed, answered by a `ReleaseOffer`. Nothing is signed by asking. */
export const OfferAsk = Closed({ gate: GateId, kind: ReleaseKind, reason: ReleaseReason, expires_s: Type.Optional(Type.Integer({ minimum: 1, maximum: 31_536_000 })) });
export type OfferAsk = Static<typeof OfferAsk>;

/** `POST /api/approve`: signs an offer that this very session was shown. The answer is events, one JSON document per line, as of a gate. */
export const ApproveAsk = Closed({ nonce: ReleaseRequest.properties.nonce });
export type ApproveAsk = Static<typeof ApproveAsk>;

/** One file of the folder; no path, and nothing that a file system takes for more than a name. */
export const INVARIANT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,95}\.ya?ml$/;

/** `GET /api/invariants`. What lies there and is not read (a link, a folder, a name of another form) is only counted. */
export interface InvariantsList {
  readonly folder: string;
  /** Of a repository in whose work tree the folder lies: its files change with the branch. */
  readonly work_tree: string | null;
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[];
  readonly passed_over: number;
}

/** `GET /api/invariants/:name`. */
export interface InvariantText {
  readonly name: string;
  readonly text: string;
  readonly sha256: string;
}

/** `PUT /api/invariants/:name`: `replaces` is the digest of what the page believes lies there, null for a new file. */
export const InvariantWrite = Closed({ text: Type.String({ maxLength: INVARIANT_BYTES_MAX }), replaces: Type.Union([Sha256Hex, Type.Null()]) });
export type InvariantWrite = Static<typeof InvariantWrite>;

/** A mistake that keeps a file from being saved: as `maestro invariants check` says it, in the file itself or in one beside it. */
export interface WriteProblem {
  readonly file: string;
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly fix: string;
}

/** `changed`: another text lies there than the page believes, `now` is it (null: the file is gone). */
export type InvariantWritten =
  | { readonly saved: true; readonly sha256: string }
  | { readonly saved: false; readonly because: "changed"; readonly now: InvariantText | null }
  | { readonly saved: false; readonly because: "problems"; readonly problems: readonly WriteProblem[] };

/** Where the pages ask: `/api` and the daemon's own path for what is handed through. */
export const UI_PATHS = { session: "/session", daemon: "/api", offer: "/api/offer", approve: "/api/approve", invariants: "/api/invariants" } as const;
