/** What a relation is confused with: the same in every language. */
export const RELATIONAL: Readonly<Record<string, readonly string[]>> = { "==": ["!="], "!=": ["=="], "<": ["<=", ">="], "<=": ["<", ">"], ">": [">=", "<="], ">=": [">", "<"] };
