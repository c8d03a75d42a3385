/** What a tool is to the server. */

export interface Call {
  readonly signal: AbortSignal;
  /** Told to a client that asked for progress; words of ours alone. */
  readonly progress: (message: string) => void;
}

export interface Said {
  /** One line of ours for whoever reads no structure: nothing of the repository stands in it. */
  readonly headline: string;
  readonly structured: object;
}

export interface Tool {
  /** `args` has passed the tool's input schema. Throws `MaestroError`, which becomes a result that says so. */
  run(args: Readonly<Record<string, unknown>>, call: Call): Promise<Said>;
}
