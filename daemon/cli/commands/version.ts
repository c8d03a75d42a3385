import { EXIT, MaestroError } from "../../../proto/errors.ts";
import { API_VERSION } from "../../../proto/routes.ts";
import { VERSION } from "../../../proto/version.ts";
import type { CommandModule } from "../command.ts";
import { connect } from "../connect.ts";
import { printJson } from "../document.ts";
import { print } from "../output.ts";

/** Works without a daemon: then only the client's half is known. */
export const run: CommandModule["run"] = async ({ values }) => {
  const client = { version: VERSION, api: API_VERSION, bun: Bun.version };
  const daemon = await connect(values)
    .client.version()
    .catch((error: unknown) => {
      if (error instanceof MaestroError && error.code === "daemon.unreachable") return null;
      throw error;
    });
  if (values["json"] === true) printJson({ client, daemon });
  else {
    print(`client ${client.version}  api ${client.api}  bun ${client.bun}`);
    print(daemon === null ? "daemon not running" : `daemon ${daemon.version}  api ${daemon.api}  bun ${daemon.bun}  git ${daemon.git}`);
  }
  return EXIT.admit;
};
