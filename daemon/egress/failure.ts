/** What git's last words mean to an operator. */
import { MaestroError } from "../../proto/errors.ts";
import { lastWords } from "../platform/git/runner.ts";

const DENIED = /Authentication failed|could not read (?:Username|Password)|terminal prompts disabled|Permission denied|Host key verification failed|HTTP 40[13]|returned error: 40[13]|returned error: 30[0-9]|unable to update url base from redirection|certificate|access denied|transport '[a-z]+' not allowed|dubious ownership/i;
const REFUSED = /^(?:error|fatal): (?:object [0-9a-f]+: |fsck error|pack exceeds|index-pack failed|bad pack|.*(?:shallow update not allowed|source repository is shallow|did not send all necessary objects|inflate|File size limit|protocol error|expected flush|bad line length|invalid (?:index-pack|ls-refs)))|^remote: fatal|unpack-objects/im;

/** Words of the server come after `remote:` and are not repeated. */
export function failureOf(stderr: string): MaestroError {
  const own = stderr.split("\n").filter((line) => !line.startsWith("remote:")).join("\n");
  const words = lastWords(own);
  if (/Operation timed out|Connection timed out|Operation too slow/i.test(own)) return new MaestroError("egress.timeout", words);
  const fault = /^error: object ([0-9a-f]+): ([A-Za-z0-9]+):/m.exec(own);
  if (fault !== null) return new MaestroError("egress.refused", `${fault[2]} in object ${fault[1]}`);
  if (DENIED.test(own)) return new MaestroError("egress.denied", words);
  return new MaestroError(REFUSED.test(own) ? "egress.refused" : "egress.failed", words);
}
