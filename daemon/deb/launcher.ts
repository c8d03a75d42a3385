/** The programs on the PATH: shell scripts, because Bun takes its settings from the environment and bunfig.toml from where it starts. */
import { SHORT_RUN_SETTING } from "../../proto/engine.ts";
import { BUNDLES, HOME } from "./layout.ts";

/** Bun starts in our own folder, whoever owns the one that the user stands in; the command line goes back to MAESTRO_CWD. */
const stand = (home: string): string => `MAESTRO_CWD=$PWD\nexport MAESTRO_CWD\ncd ${home}`;

export function daemonLauncher(home = `/${HOME}`): string {
  return `#!/bin/sh\n${stand(home)} && exec ${home}/bun ${BUNDLES}/maestrod.js "$@"\n`;
}

/**
 * A hook is waited for before every call of an agent, so it is started without the way round by the quick program; and to most agents every
 * exit code but 2 is a yes, so one that could not be started, or was killed, ends with 2 here.
 */
export function commandLauncher(home = `/${HOME}`): string {
  const bun = `${home}/bun`;
  return `#!/bin/sh
case "$1 $2" in
  "hook "[a-z]*)
    case " $*" in
      *" -"*) ;;
      *)
        ${SHORT_RUN_SETTING}=0
        export ${SHORT_RUN_SETTING}
        ${stand(home).replaceAll("\n", "\n        ")} || exit 2
        ${bun} ${BUNDLES}/maestro-hook.js "$@"
        code=$?
        [ $code -gt 125 ] && exit 2
        exit $code ;;
    esac ;;
  "status "*)
    ${SHORT_RUN_SETTING}=0
    export ${SHORT_RUN_SETTING} ;;
esac
${stand(home)} && exec ${bun} ${BUNDLES}/maestro.js "$@"
`;
}
