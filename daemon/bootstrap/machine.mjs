/** What this machine is, as far as the choice of a Bun build goes. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

function hasAvx2(os) {
  try {
    if (os === "linux") return /\bavx2\b/.test(readFileSync("/proc/cpuinfo", "utf8"));
    const sysctl = spawnSync("sysctl", ["-n", "machdep.cpu.leaf7_features"], { encoding: "utf8" });
    return sysctl.status === 0 && /\bAVX2\b/.test(sysctl.stdout);
  } catch {
    // Nobody said that the processor has it.
    return false;
  }
}

/** The C library Node itself is linked to. */
function libcOf(os) {
  if (os !== "linux") return "glibc";
  process.report.excludeNetwork = true;
  return process.report.getReport().header.glibcVersionRuntime === undefined ? "musl" : "glibc";
}

export function thisMachine() {
  const { platform: os, arch } = process;
  return { os, arch, libc: libcOf(os), avx2: arch === "x64" && hasAvx2(os) };
}
