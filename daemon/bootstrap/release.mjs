/**
 * The one Bun this project runs on. The digest is of the package as the
 * registry serves it, so that another registry cannot hand out another binary.
 */
export const BUN_VERSION = "1.4.5";

/** npm package by platform, with the integrity of its tarball. */
export const BUN_PACKAGES = {
  "@oven/bun-linux-x64": "sha512-IWX9BELoGHAUtMonkeSaNaZwXzRk+oDw6Mk+HBFXd3KHYIBNBsIGRupMZPcgNoDbJpLu6gAJjIoIVPZtt1aJ1g==",
  "@oven/bun-linux-x64-baseline": "sha512-s8yMwYcFnnrA178gji0gZbkE2WVDej/Ti1x770oPfihxyRxSMNhGhiAQNXV53aDeraZxksdvKV/RAdQBCd0qPA==",
  "@oven/bun-linux-x64-musl": "sha512-10QoW/YfTgnURaGEaHpJCiXjLI2e5iTtfVDaA5JKcyUzaa1cq6cVUY9/Uq5XkYzvtRjHLRe9Oj/lTDIQcxy8HQ==",
  "@oven/bun-linux-x64-musl-baseline": "sha512-cWJhU8h0+MiUgpSt99sQhjxLIIosKEcKYdtKddohokUvAuN6jKOy7g7+QDTZTXtwHxz93wL3BX+L6wXVPDUH3A==",
  "@oven/bun-linux-aarch64": "sha512-4BXmsSKnjOrlGWqZV4x/oWa7AVoR+B6lCXddMzOAXBIm3t50eslg9wb66gmtW1AamEQ1l1CDvmmruysEhqOWMg==",
  "@oven/bun-linux-aarch64-musl": "sha512-XCNc+WvvMAdNNb+OWTogpy+N9wm62fkVeEVLb6how0RZhW5LPi6c7BlkeVCuWps7XjEl2saFpHFa20/1E+PAHg==",
  "@oven/bun-darwin-aarch64": "sha512-4MIFXHmctH2EhAxLXm2/qxNtv17dFtLJylvaOCsrgq6KSqHTs6eW5YSrJjRbJxYUJaR901fsN8JfZOa+CsWpWQ==",
  "@oven/bun-darwin-x64": "sha512-qkLPMGHZM9NI6CeHTWwVezzmlo6cC4Ta7yUAjYIWXS366qQcOlcp75t2uZyiuVRBMPS0h9qE0tCcvCHGaFqjJg==",
  "@oven/bun-darwin-x64-baseline": "sha512-zqfLA5A4B+hYMh5WYzYSot3uZ06FzhdP0OEwQisEzdirYtXGj5cQFlfy31BGfNsAsk1Gd/w/OxJ/jqqJ3cMclw==",
};

/**
 * The package for a machine. A processor without AVX2 dies with SIGILL in the
 * ordinary build, so whoever cannot tell takes the baseline one.
 * @param {{ os: string, arch: string, libc: "glibc" | "musl", avx2: boolean }} machine
 * @returns {string | null} null where Bun has no build
 */
export function bunPackage({ os, arch, libc, avx2 }) {
  const cpu = { x64: "x64", arm64: "aarch64" }[arch];
  const musl = os === "linux" && libc === "musl" ? "-musl" : "";
  const baseline = cpu === "x64" && !avx2 ? "-baseline" : "";
  const name = `@oven/bun-${os}-${cpu}${musl}${baseline}`;
  return Object.hasOwn(BUN_PACKAGES, name) ? name : null;
}
