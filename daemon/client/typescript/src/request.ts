/** What a caller hands in and gets back. Apart from the transport, so that the types of this package need no others. */

/** What is streamed, from its beginning at each call: a request that nobody read is sent again. */
export type Body = () => AsyncIterable<Uint8Array>;

export interface Options {
  readonly signal?: AbortSignal;
}

export interface Input extends Options {
  readonly params?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly stream?: Body;
}

/** Events of a reply as they come; a failure at the end of the stream is thrown instead. */
export type Events<E extends { readonly event: string }> = AsyncGenerator<Exclude<E, { readonly event: "failure" }>, void>;

export interface TransportOptions {
  /** A capability token, as `maestro token issue` writes it. */
  readonly token?: string;
  /** Owners of the socket besides this user, root and the host's daemon. */
  readonly trusted_uids?: readonly number[];
  /** How long a daemon that is starting, full, or asked faster than the tenant may is asked again. Default 15 s. */
  readonly patience_ms?: number;
}
