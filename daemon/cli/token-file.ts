/** The token a request brings, from a file: an argument would stand in every process list, a variable in every child's environment. */
import { BEARER_HEADER, CAPABILITY_HEADER, CAPABILITY_PREFIX, TOKEN_CHARACTERS_MAX } from "../../proto/token.ts";
import { MaestroError } from "../../proto/errors.ts";

/** Headers for the token in `path`. Throws `cli.usage` where there is none to read. */
export function tokenHeaders(path: string): Record<string, string> {
  let text: string;
  try {
    // Loading it takes 3 ms, which a command without a token need not pay.
    text = process.getBuiltinModule("node:fs").readFileSync(path, "utf8").trim();
  } catch (cause) {
    throw new MaestroError("cli.usage", `the token file ${path} cannot be read`, { cause });
  }
  // Never repeated in the message: whatever is in the file may be a secret.
  if (!/^[A-Za-z0-9._~+/=-]+$/.test(text) || text.length > TOKEN_CHARACTERS_MAX) throw new MaestroError("cli.usage", `${path} holds no token: one line of letters, digits and . _ ~ + / = - is expected`);
  return text.startsWith(CAPABILITY_PREFIX) ? { [CAPABILITY_HEADER]: text } : { [BEARER_HEADER]: `Bearer ${text}` };
}
