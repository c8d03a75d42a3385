import { describe, expect, test } from "bun:test";
import { MaestroError } from "../../proto/errors.ts";
import { commandHelp, parseCommand, type Command } from "./command.ts";
import { overview, ungrouped } from "./overview.ts";
import { COMMANDS } from "./table.ts";

const command: Command = {
  name: "weigh",
  summary: "weigh a thing",
  positionals: "[THING]",
  positionals_max: 1,
  options: { unit: { type: "string", short: "u", value: "UNIT", help: "kilograms or pounds" }, markdown: { type: "boolean", help: "as Markdown" } },
  load: () => Promise.reject(new Error("nothing to load")),
};

const parsed = (...argv: string[]) => {
  const { values, positionals } = parseCommand(command, argv);
  return { values: { ...values }, positionals: [...positionals] };
};

/** The detail of the usage error that `argv` is. */
function refused(...argv: string[]): string {
  try {
    parseCommand(command, argv);
  } catch (error) {
    if (error instanceof MaestroError && error.code === "cli.usage") return error.detail;
    throw error;
  }
  return "accepted";
}

describe("what is understood", () => {
  test("options in every form, positionals between them, and all after -- as they stand", () => {
    expect(parsed()).toEqual({ values: {}, positionals: [] });
    expect(parsed("--unit", "kg", "stone", "--json")).toEqual({ values: { unit: "kg", json: true }, positionals: ["stone"] });
    expect(parsed("--unit=kg=2")).toEqual({ values: { unit: "kg=2" }, positionals: [] });
    expect(parsed("-u", "kg")).toEqual({ values: { unit: "kg" }, positionals: [] });
    expect(parsed("-ukg", "-h")).toEqual({ values: { unit: "kg", help: true }, positionals: [] });
    expect(parsed("--", "--unit")).toEqual({ values: {}, positionals: ["--unit"] });
    expect(parsed("-")).toEqual({ values: {}, positionals: ["-"] });
  });

  test("the last of two words on one option counts", () => {
    expect(parsed("--unit", "kg", "--unit", "lb").values).toEqual({ unit: "lb" });
  });
});

describe("what is refused, and what is said of it", () => {
  test("an unknown option, with the nearest one that exists; none is invented", () => {
    expect(refused("--makrdown")).toBe("weigh has no option --makrdown; did you mean --markdown?");
    expect(refused("--jsn")).toContain("did you mean --json?");
    expect(refused("--frobnicate")).toBe("weigh has no option --frobnicate");
    expect(refused("-x")).toStartWith("weigh has no option -x");
    expect(refused("--help=yes")).toContain("--help");
    expect(refused("--no-json")).toContain("--no-json");
  });

  test("a missing value: at the end, and before another option", () => {
    expect(refused("--unit")).toContain("--unit");
    expect(refused("--unit", "--json")).toContain("--unit");
    expect(refused("-u")).toContain("--unit");
    expect(refused("--unit", "--json")).not.toContain("\n");
  });

  test("a value where none is taken, and more positionals than there is use for", () => {
    expect(refused("--markdown=yes")).toContain("--markdown");
    expect(refused("stone", "feather")).toBe('weigh takes at most 1 argument(s), not "feather"');
    expect(refused("--", "stone", "--json")).toContain('"--json"');
  });

  test("attack: names every object has are no options", () => {
    for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) expect(refused(`--${name}`, "x")).toStartWith(`weigh has no option --${name}`);
    expect(refused("--__proto__=x")).toStartWith("weigh has no option --__proto__");
  });
});

describe("help", () => {
  test("a command's text has its summary, its use and every option with short form, value and meaning", () => {
    expect(commandHelp(command)).toBe(
      [
        "maestro weigh: weigh a thing", "", "usage: maestro weigh [THING]", "",
        "  -u, --unit UNIT         kilograms or pounds", "  --markdown              as Markdown", "  --json                  one JSON document on stdout", "  -h, --help              this text", "",
      ].join("\n"),
    );
  });

  test("every option of every command is in its help, and every command in the overview", () => {
    for (const one of COMMANDS) {
      const text = commandHelp(one);
      for (const [name, { help, value }] of Object.entries(one.options)) {
        expect(text).toContain(`--${name}${value === undefined ? "" : ` ${value}`}`);
        expect(text).toContain(help);
      }
      expect(overview(COMMANDS)).toContain(one.summary);
    }
  });

  test("the overview has each command in one group, and one that was forgotten all the same", () => {
    expect(ungrouped(COMMANDS)).toEqual([]);
    const forgotten = { ...command, name: "forgotten" };
    expect([ungrouped([...COMMANDS, forgotten]), overview([...COMMANDS, forgotten])]).toEqual([["forgotten"], expect.stringMatching(/\nmore\n {2}forgotten /)]);
  });
});
