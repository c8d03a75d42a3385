/**
 * Which files guard changes, by their path: what the check `guards` reports, what the check `ci` counts as CI, and what an agent's hook keeps
 * it from editing. One table, so that the hook forbids no less than the gate will hold.
 */

/** What each kind of file guards, matched on the lower-case path: half of all checkouts ignore case. */
const GUARDS: readonly (readonly [kind: string, pattern: RegExp])[] = [
  ["Maestro's configuration", /(?:^|\/)maestro\.ya?ml$|^(?:maestrod\.ya?ml|\.maestro(?:-[^/]*|\/.*))$/],
  ["a gate policy", /(?:^|\/)policies\/(?:.*\/)?[^/]*(?:\.rego|bundle\.tar\.gz|\.wasm)$/],
  ["who must review", /^(?:|\.github\/|\.gitlab\/|docs\/)codeowners$/],
  ["agent instructions", /(?:^|\/)(?:agents|claude|gemini|codex|copilot|warp|crush)(?:\.(?:local|override))?\.md$|(?:^|\/)\.(?:cursorrules|windsurfrules|clinerules|roorules|goosehints|aider\.conf\.yml|mcp\.json)$|^\.github\/(?:copilot-instructions\.md|(?:instructions|agents|prompts|chatmodes|skills)\/.*)$/],
  ["agent settings", /(?:^|\/)\.(?:claude|cursor|codex|gemini|agents|windsurf|clinerules|roo|kiro|continue|opencode)\/|(?:^|\/)opencode\.jsonc?$/],
  ["hooks", /^\.github\/hooks\/|(?:^|\/)\.(?:husky|githooks|git-hooks)\/|(?:^|\/)\.?(?:lefthook(?:-local)?\.(?:ya?ml|toml|json)|pre-commit-(?:config|hooks)\.ya?ml|huskyrc[^/]*|lintstagedrc[^/]*)$/],
];

const CI = /^\.(?:github\/(?:workflows|actions)|gitlab\/ci|circleci|buildkite|semaphore|teamcity|woodpecker|forgejo\/(?:workflows|actions)|gitea\/(?:workflows|actions)|azure-pipelines|azuredevops)\/|^(?:\.gitlab-ci|\.travis|\.drone|\.woodpecker|\.cirrus|\.?appveyor|bitbucket-pipelines|cloudbuild|buildspec|codemagic|wercker|\.azure-pipelines)\.(?:ya?ml|star)$|(?:^|\/)(?:azure-pipelines[^/]*\.ya?ml|jenkinsfile(?:\.[^/]*)?|[^/]*\.gitlab-ci\.ya?ml)$|(?:^|\/)\.ci\//;

/** What a file guards; null for one that guards nothing. `path` is relative to the repository's root. */
export function guardOf(path: string): string | null {
  const lower = path.toLowerCase();
  return GUARDS.find(([, pattern]) => pattern.test(lower))?.[0] ?? null;
}

/** Whether the file decides what CI runs. */
export const isCiFile = (path: string): boolean => CI.test(path.toLowerCase());

/** Where guards usually lie: what an announcement of a whole folder or a pattern is held against. */
export const GUARD_PLACES = [
  "maestro.yaml", "maestro.yml", ".maestro-baseline.json", "CODEOWNERS", ".github/CODEOWNERS", ".gitlab/CODEOWNERS", "docs/CODEOWNERS",
  ".github/workflows/ci.yml", ".github/actions/setup/action.yml", ".github/hooks/maestro.json", ".gitlab-ci.yml", ".circleci/config.yml", ".buildkite/pipeline.yml", "Jenkinsfile",
  ".claude/settings.json", ".claude/settings.local.json", ".cursor/hooks.json", ".codex/hooks.json", ".codex/config.toml", ".gemini/settings.json",
  ".husky/pre-commit", ".husky/pre-push", "lefthook.yml", ".pre-commit-config.yaml", "AGENTS.md", "CLAUDE.md", "GEMINI.md", "policies/default.rego",
] as const;
