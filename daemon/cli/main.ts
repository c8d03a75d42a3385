/** Entry of `maestro`: finds the command, turns every failure into a sentence and an exit code. */
import { EXIT, MaestroError } from "../../proto/errors.ts";
import { commandHelp, didYouMean, overview, parseCommand } from "./command.ts";
import { print, printed } from "./output.ts";
import { COMMANDS } from "./table.ts";

async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    const topic = COMMANDS.find((command) => command.name === rest[0]);
    print(topic === undefined ? overview(COMMANDS) : commandHelp(topic));
    return name === undefined ? EXIT.usage : EXIT.admit;
  }
  const wanted = name === "--version" ? "version" : name;
  const command = COMMANDS.find((candidate) => candidate.name === wanted);
  if (command === undefined) {
    throw new MaestroError("cli.usage", `there is no command ${JSON.stringify(name)}${didYouMean(name, COMMANDS.map((known) => known.name))}`);
  }
  const invocation = parseCommand(command, rest);
  if (invocation.values["help"] === true) {
    print(commandHelp(command));
    return EXIT.admit;
  }
  return (await command.load()).run(invocation);
}

/** The launcher starts Bun in the project's own folder and says here where the user stands. */
function goToUser(): void {
  const from = process.env["MAESTRO_CWD"];
  if (from === undefined) return;
  delete process.env["MAESTRO_CWD"];
  try {
    process.chdir(from);
  } catch (cause) {
    throw new MaestroError("cli.usage", `the current folder ${from} cannot be entered`, { cause });
  }
}

async function runFrom(argv: readonly string[]): Promise<void> {
  try {
    goToUser();
    const code = await main(argv);
    await printed();
    process.exitCode = code;
  } catch (error) {
    const { printProblem } = await import("./document.ts");
    process.exitCode = printProblem(error, argv.includes("--json"));
  }
}

// No await at the top level: Bun keeps bytecode only for a program without one.
void runFrom(Bun.argv.slice(2));
