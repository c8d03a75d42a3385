/** The unit files themselves, judged by systemd's own analyser: they load without a word, and they expose no more than they may. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { ENGINE_SETTINGS } from "../../proto/engine.ts";
import { parseHostConfig } from "../config/host.ts";
import { FakeSecurityKey } from "../testing/ssh.ts";
import { PROGRAMS } from "../deb/bundle.ts";
import { BUNDLES } from "../deb/layout.ts";
import { skipWithout } from "../testing/skip.ts";

const UNITS = join(import.meta.dir, "../../systemd");
/** Tenths of systemd's exposure score, as `--threshold` takes them; 0 is the best. */
const EXPOSURE_MAX: Readonly<Record<string, number>> = {
  "maestrod.service": 6,
  "maestro-reporter.service": 6,
  "maestro-gpu-worker@.service": 10,
  "maestro-sandbox@.service": 13,
  // It has a network, which alone costs 0.5.
  "maestro-egress@.service": 13,
};

const units = readdirSync(UNITS).filter((name) => /\.(?:service|socket)$/.test(name));
const text = (name: string): string => readFileSync(join(UNITS, name), "utf8");
/** Values of a setting, in order; a unit may give one several times. */
const values = (name: string, key: string): string[] => [...text(name).matchAll(new RegExp(`^${key}=(.*)$`, "gm"))].map((match) => match[1] ?? "");

const withoutAnalyser = skipWithout(Bun.which("systemd-analyze") !== null, "systemd units: needs systemd-analyze");

describe.skipIf(withoutAnalyser)("systemd-analyze", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "maestro-units-"));
    for (const name of units) {
      // The analyser wants the programs to be there; where they lie after an installation is deb.slow.ts's question.
      writeFileSync(join(folder, name), text(name).replaceAll("/usr/lib/maestro/bun", process.execPath).replaceAll("/usr/lib/maestro", tmpdir()));
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const analyse = (...args: readonly string[]) => {
    const { exitCode, stdout, stderr } = Bun.spawnSync(["systemd-analyze", ...args], { env: { PATH: "/usr/bin:/bin", SYSTEMD_UNIT_PATH: `${folder}:`, SYSTEMD_COLORS: "0" }, stdout: "pipe", stderr: "pipe" });
    return { code: exitCode, said: `${stdout.toString()}${stderr.toString()}` };
  };
  const verify = (...names: readonly string[]) => analyse("verify", "--man=no", ...names.map((name) => join(folder, name.replace("@.", "@1."))));

  test("verify has nothing to say of any unit, alone, sealed, or with jobs that open sockets", () => {
    expect(verify(...units)).toEqual({ code: 0, said: "" });
    for (const prefix of ["maestrod.service.d", "maestro-.service.d"]) {
      mkdirSync(join(folder, prefix));
      cpSync(join(UNITS, "sealed.conf"), join(folder, prefix, "sealed.conf"));
    }
    expect(verify(...units)).toEqual({ code: 0, said: "" });
    for (const prefix of ["maestrod.service.d", "maestro-.service.d"]) rmSync(join(folder, prefix), { recursive: true });
    mkdirSync(join(folder, "maestro-sandbox@.service.d"));
    cpSync(join(UNITS, "sandbox-loopback.conf"), join(folder, "maestro-sandbox@.service.d/loopback.conf"));
    expect(verify("maestro-sandbox@.service")).toEqual({ code: 0, said: "" });
    rmSync(join(folder, "maestro-sandbox@.service.d"), { recursive: true });
  }, 120_000);

  test("canary: a misspelt setting does not pass", () => {
    writeFileSync(join(folder, "broken.service"), text("maestrod.service").replaceAll("/usr/lib/maestro/bun", process.execPath).replace("ProtectHome=", "ProtectHoem="));
    expect(verify("broken.service").said).toContain("ProtectHoem");
    rmSync(join(folder, "broken.service"));
  });

  test.each(Object.entries(EXPOSURE_MAX))("%s exposes at most %i tenths", (name, tenths) => {
    const { code, said } = analyse("security", "--offline=true", `--threshold=${tenths}`, join(folder, name));
    expect([code, said.split("\n").find((line) => line.includes("Overall"))]).toEqual([0, expect.stringContaining("Overall exposure level")]);
  });

  test("sandbox-loopback.conf costs the launcher three tenths, as it says", () => {
    const open = `${text("maestro-sandbox@.service")}${text("sandbox-loopback.conf").replace(/^[\s\S]*\[Service\]\n/m, "")}`;
    writeFileSync(join(folder, "loopback@.service"), open.replaceAll("/usr/lib/maestro/bun", process.execPath).replaceAll("/usr/lib/maestro", tmpdir()));
    const exposes = (tenths: number): boolean => analyse("security", "--offline=true", `--threshold=${tenths}`, join(folder, "loopback@.service")).code !== 0;
    expect([exposes(14), exposes(15)]).toEqual([true, false]);
    rmSync(join(folder, "loopback@.service"));
  });

  test("canary: the same core without its filter of system calls and with all capabilities is over the threshold", () => {
    const open = text("maestrod.service").replace(/^(?:SystemCallFilter|CapabilityBoundingSet|RestrictNamespaces)=.*\n/gm, "");
    writeFileSync(join(folder, "open.service"), open.replaceAll("/usr/lib/maestro/bun", process.execPath));
    expect(analyse("security", "--offline=true", `--threshold=${EXPOSURE_MAX["maestrod.service"]}`, join(folder, "open.service")).code).not.toBe(0);
    rmSync(join(folder, "open.service"));
  });
});

describe("what the units promise", () => {
  test("the core starts after the clock was set, so that its correction at boot does not freeze log time", () => {
    expect(values("maestrod.service", "After").join(" ").split(" ")).toContain("time-sync.target");
  });

  test("the example configuration is read, and names the sockets that the units hold, by role, path and mode", () => {
    const { sockets = [], tenants = [] } = parseHostConfig(new Uint8Array(readFileSync(join(UNITS, "maestrod.yaml"))), "maestrod.yaml");
    const held = units.filter((name) => /^maestrod.*\.socket$/.test(name)).map((name) => ["FileDescriptorName", "ListenStream", "SocketMode"].map((key) => values(name, key).join()).join(" "));
    expect(sockets.map(({ role, path, mode }) => `${role} ${path} ${mode}`).sort()).toEqual(held.sort());
    expect(tenants.flatMap(({ groups = [] }) => groups)).toEqual(values("maestrod.socket", "SocketGroup"));
  });

  test("what the example configuration says of people behind its comment signs is read too", () => {
    const [, people = ""] = /^(# people:\n(?:# .*\n)+?)# Commands that/m.exec(text("maestrod.yaml")) ?? [];
    const host = parseHostConfig(new TextEncoder().encode(text("maestrod.yaml").replace(people, people.replaceAll(/^# /gm, "").replace("sk-ssh-ed25519@openssh.com AAAA bob", new FakeSecurityKey().line))), "maestrod.yaml");
    expect([host.people?.map(({ id }) => id), host.approvals?.length, host.override?.persons]).toEqual([["alice", "bob"], 1, 1]);
  });

  test("the example configuration names the launcher's socket, which the core alone may use, and the launcher knows the core by its group", () => {
    const host = parseHostConfig(new Uint8Array(readFileSync(join(UNITS, "maestrod.yaml"))), "maestrod.yaml");
    expect([host.sandbox_socket]).toEqual(values("maestro-sandbox.socket", "ListenStream"));
    expect(text("maestrod.yaml")).toContain(`# egress_socket: ${values("maestro-egress.socket", "ListenStream").join()}\n`);
    expect(values("maestro-sandbox.socket", "SocketUser")).toEqual(values("maestrod.service", "User"));
    expect(values("maestro-sandbox.socket", "SocketMode")).toEqual(["0600"]);
    expect(values("maestrod.service", "SupplementaryGroups")).toEqual(values("maestro-sandbox@.service", "Group"));
    expect(values("maestro-sandbox@.service", "User")).not.toEqual(values("maestrod.service", "User"));
    for (const user of [...values("maestrod.service", "User"), ...values("maestro-sandbox@.service", "User"), ...values("maestro-egress@.service", "User")]) expect(text("maestro.sysusers")).toContain(`\nu ${user} `);
  });

  test("every service has its bound", () => {
    expect(units.filter((name) => name.endsWith(".service")).sort()).toEqual(Object.keys(EXPOSURE_MAX).sort());
  });

  test("no unit forbids pages that are writable and executable: the JIT and bun:ffi would die", () => {
    expect(units.flatMap((name) => values(name, "MemoryDenyWriteExecute"))).toEqual([]);
  });

  test("SO_PEERCRED shows the core the uids of the host, and it has no network", () => {
    expect(values("maestrod.service", "PrivateUsers")).toEqual(["no"]);
    expect(values("maestrod.service", "PrivateNetwork")).toEqual(["yes"]);
    expect(values("maestrod.service", "RestrictAddressFamilies")).toEqual(["AF_UNIX"]);
  });

  test("only the egress helper may speak to a network, and a sealed node does not start it", () => {
    const networked = units.filter((name) => name.endsWith(".service") && !values(name, "PrivateNetwork").includes("yes"));
    expect(networked).toEqual(["maestro-egress@.service"]);
    expect(["maestro-egress@.service", "maestro-egress.socket"].flatMap((name) => values(name, "ConditionPathExists"))).toEqual(["!/etc/maestro/sealed", "!/etc/maestro/sealed"]);
  });

  test("the reporter is off until somebody enables it, is sealed with the helper, and may enter the helper's socket and not the daemon's state", () => {
    expect(units.flatMap((name) => [...values(name, "Wants"), ...values(name, "Requires"), ...values(name, "Also")]).join(" ")).not.toContain("maestro-reporter");
    expect(values("maestro-reporter.service", "ConditionPathExists")).toContain("!/etc/maestro/sealed");
    expect(values("maestro-reporter.service", "User")).toEqual(values("maestro-egress.socket", "SocketUser"));
    expect(values("maestro-reporter.service", "InaccessiblePaths").join().split(" ")).toContain("-/var/lib/maestro");
  });

  test("the placeholder can never start, and says that it is one", () => {
    const [condition = ""] = values("maestro-gpu-worker@.service", "ConditionPathExists");
    expect(condition).toStartWith("/usr/lib/maestro/");
    expect(() => readFileSync(join(UNITS, "..", condition.slice("/usr/lib/maestro/".length)))).toThrow();
    expect(values("maestro-gpu-worker@.service", "Description")[0]).toContain("placeholder");
  });

  test("every program of a unit that can start is in the project", () => {
    const programs = units.filter((name) => !name.startsWith("maestro-gpu")).flatMap((name) => values(name, "ExecStart")).map((line) => line.split(" ")[1] ?? "");
    expect(programs.length).toBeGreaterThan(2);
    const source = (program: string): string => (dirname(program) === BUNDLES ? PROGRAMS[basename(program, ".js")] : program) ?? "unknown";
    for (const program of programs) expect([program, readFileSync(join(UNITS, "..", source(program)), "utf8").length > 0]).toEqual([program, true]);
  });

  test("a stop has more time than the drain, and the clients wait in a long line", async () => {
    const { ServerLimits } = await import("../../proto/config.ts");
    const drain_ms = Number(ServerLimits.properties.drain_deadline_ms.default);
    expect(Number(values("maestrod.service", "TimeoutStopSec")[0]) * 1000).toBeGreaterThan(drain_ms);
    expect(Number(values("maestrod.service", "LimitNOFILE")[0])).toBeGreaterThan(2 * Number(ServerLimits.properties.connections_max.default));
  });
});

test("the core's engine is told in its unit what a private daemon is told", () => {
  expect(values("maestrod.service", "Environment")).toEqual(Object.entries(ENGINE_SETTINGS).map(([name, value]) => `${name}=${value}`));
});
