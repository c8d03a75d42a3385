/** What a hook may object to in one call of an agent's tool. */

/** One ref that a push would move; a target of null is whatever git's configuration makes of the source. */
export interface PushedRef {
  readonly source: string;
  readonly target: string | null;
}

export interface Push {
  /** Absolute; null where it cannot be told. */
  readonly folder: string | null;
  /** As it is named in the call; null where git's configuration says which. */
  readonly remote: string | null;
  /** Empty: what git's configuration makes of a push that names none. */
  readonly refs: readonly PushedRef[];
  /** `--no-follow-tags`: whatever the configuration says. */
  readonly tags: boolean;
  /** What the call itself sets for this push, by `-c` or by an option that stands for a setting. */
  readonly settings: readonly (readonly [key: string, value: string])[];
}

export type Concern =
  /** A file that guards changes would be written. Instructions to agents are a person's to allow, the rest is nobody's here. */
  | { readonly kind: "edit"; readonly guards: string; readonly path: string; readonly askable: boolean }
  /** Checks would be walked around. */
  | { readonly kind: "bypass"; readonly what: string; readonly instead: string }
  /** Something only a person may do. */
  | { readonly kind: "person"; readonly what: string }
  | { readonly kind: "push"; readonly push: Push }
  /** Work that somebody's budget pays for. */
  | { readonly kind: "spend"; readonly what: string }
  /** It cannot be told what the call would do. */
  | { readonly kind: "unread"; readonly what: string };

export const NO_VERIFY = "run the command without it; what the hook finds is for you to mend";
