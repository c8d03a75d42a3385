/** Entry of `maestro`: finds the command, turns every failure into a sentence and an exit code. */
import { EXIT, MaestroError } from "../../proto/errors.ts";
import { commandHelp, didYouMean, parseCommand, type Command } from "./command.ts";
import { print, printed } from "./output.ts";
import { goToUser } from "./stand.ts";
import { WORK } from "./table/work.ts";

/** Throws `cli.usage` for what is no command. */
async function elsewhere(wanted: string, said: string): Promise<Command> {
  const { COMMANDS } = await import("./table.ts");
  const command = COMMANDS.find((candidate) => candidate.name === wanted);
  if (command === undefined) throw new MaestroError("cli.usage", `there is no command ${JSON.stringify(said)}${didYouMean(said, COMMANDS.map((known) => known.name))}`);
  return command;
}

async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    const { COMMANDS } = await import("./table.ts");
    const topic = COMMANDS.find((command) => command.name === rest[0]);
    print(topic === undefined ? (await import("./overview.ts")).overview(COMMANDS) : commandHelp(topic));
    return name === undefined ? EXIT.usage : EXIT.admit;
  }
  const wanted = name === "--version" ? "version" : name;
  const command = WORK.find((candidate) => candidate.name === wanted) ?? (await elsewhere(wanted, name));
  const invocation = parseCommand(command, rest);
  if (invocation.values["help"] === true) {
    print(commandHelp(command));
    return EXIT.admit;
  }
  return (await command.load()).run(invocation);
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
