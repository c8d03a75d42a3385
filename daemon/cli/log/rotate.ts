/** `maestro log rotate`: the log goes on under another key. */
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import type { LogRotateReply, LogRotateRequest } from "../../../proto/log.ts";
import type { Values } from "../command.ts";
import { connectOrStart } from "../connect.ts";
import { printJson } from "../document.ts";
import { print } from "../output.ts";

function stepOf(values: Values): LogRotateRequest["step"] {
  const [prepare, activate] = [values["prepare"] === true, values["activate"] === true];
  if (prepare && activate) throw new MaestroError("cli.usage", "log rotate takes --prepare or --activate, or neither for both where nobody has to sign in between");
  return prepare ? "prepare" : activate ? "activate" : "both";
}

function lines({ origin, key, next, rotated }: LogRotateReply): string[] {
  if (rotated !== null) return [`${origin} goes on under ${key}; entry ${rotated.index} says so, signed by the gate key and agreed to by both`, `${rotated.from} signs nothing more: its private key is gone from the state folder (copies in backups made with keys are yours to destroy)`, "give the new trust.json to whoever verifies: it lists both keys"];
  return [`${origin} still signs with ${key}`, `next key   ${next?.key}`, `sign over  ${next?.trust_file} with maestro trust sign, name the result under trust_file, and restart; or maestro log rotate --activate`];
}

export async function rotate(values: Values): Promise<number> {
  const { client } = await connectOrStart(values);
  const reply = await client.rotateLog({ step: stepOf(values) });
  if (values["json"] === true) printJson(reply);
  else print(lines(reply).join("\n"));
  return EXIT.admit;
}
