/** Apart from the schemas, so that a program which only reads expressions loads none. */
export const EXPRESSION_CHARACTERS_MAX = 4_096;
