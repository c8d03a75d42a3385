/** Lock files of tools whose locks are not read: a list of packages that left them out in silence would look whole. */

/** In lower case. */
const UNREAD: ReadonlySet<string> = new Set([
  "bun.lockb", "deno.lock", "pipfile.lock", "pdm.lock", "pylock.toml", "pixi.lock", "conda-lock.yml", "conda-lock.yaml", "conan.lock",
  "gemfile.lock", "composer.lock", "packages.lock.json", "paket.lock", "gradle.lockfile", "buildscript-gradle.lockfile",
  "mix.lock", "rebar.lock", "pubspec.lock", "package.resolved", "podfile.lock", "cartfile.resolved", "go.work.sum", "gopkg.lock", "glide.lock",
  "flake.lock", "stack.yaml.lock", "cabal.project.freeze", "cpanfile.snapshot", ".terraform.lock.hcl", "chart.lock",
]);

export const unreadLock = (path: string): boolean => UNREAD.has(path.slice(path.lastIndexOf("/") + 1).toLowerCase());
