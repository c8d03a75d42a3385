/** Words that mean something by themselves. */

/** Kept by CEL for languages that CEL is embedded in (cel-spec doc/langdef.md, RESERVED). */
export const RESERVED: ReadonlySet<string> = new Set(["as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package", "namespace", "return", "var", "void", "while", "true", "false", "null", "in"]);

/** Of formulas alone: a field of an expression may be called `within`. */
export const TEMPORAL: ReadonlySet<string> = new Set(["always", "never", "eventually", "leads_to", "until", "once", "within", "where"]);

export const MACROS = ["all", "exists", "exists_one", "map", "filter"] as const;
