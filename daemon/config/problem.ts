/** What the schema of a file cannot say and is wrong all the same. */
export interface Problem {
  /** Path of the offending entry in the file. */
  readonly path: readonly string[];
  readonly because: string;
}
