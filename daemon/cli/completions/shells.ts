/** Completion scripts for three shells. They hold every command and option as data, so that a key press starts no process of ours. */
import type { Command } from "../command.ts";
import { optionsOf, quoted } from "./words.ts";

export function bash(commands: readonly Command[]): string {
  const cases = commands.map((command) => `    ${command.name}) options=${quoted(optionsOf(command).flatMap(({ flag, short }) => [flag, ...(short === null ? [] : [short])]).join(" "))} ;;`);
  return `# bash completion for maestro; made by \`maestro completions bash\`
_maestro() {
  local current="\${COMP_WORDS[COMP_CWORD]}" options=''
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W ${quoted(["help", ...commands.map(({ name }) => name)].join(" "))} -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$options" -- "$current")) ;;
    *) COMPREPLY=($(compgen -f -- "$current")) ;;
  esac
}
complete -o filenames -F _maestro maestro
`;
}

export function zsh(commands: readonly Command[]): string {
  const described = commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary.replaceAll(":", "\\:")}`)}`);
  // Brackets and colons have a meaning inside a specification of _arguments.
  const plain = (text: string) => text.replace(/[[\]:]/g, (letter) => `\\${letter}`);
  const specification = (flag: string, value: string | null, help: string) => quoted(`${flag}${value === null ? "" : "="}[${plain(help)}]${value === null ? "" : `:${plain(value)}:_files`}`);
  const cases = commands.map((command) => {
    const words = optionsOf(command).flatMap(({ flag, short, value, help }) => [specification(flag, value, help), ...(short === null ? [] : [specification(short, value, help)])]);
    return `    ${command.name}) _arguments ${words.join(" ")} '*:file:_files' ;;`;
  });
  return `#compdef maestro
# zsh completion for maestro; made by \`maestro completions zsh\`
_maestro() {
  local -a commands
  commands=(
${described.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe 'command' commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join("\n")}
  esac
}
_maestro "$@"
`;
}

export function fish(commands: readonly Command[]): string {
  const lines = commands.flatMap((command) => {
    const here = quoted(`__fish_seen_subcommand_from ${command.name}`);
    const options = optionsOf(command).map(({ flag, short, value, help }) => `complete -c maestro -n ${here} -l ${flag.slice(2)}${short === null ? "" : ` -s ${short.slice(1)}`}${value === null ? "" : " -r"} -d ${quoted(help)}`);
    return [`complete -c maestro -n __fish_use_subcommand -f -a ${command.name} -d ${quoted(command.summary)}`, ...options];
  });
  return `# fish completion for maestro; made by \`maestro completions fish\`\n${lines.join("\n")}\n`;
}
