/** Attacks that reach for something outside: network, files, processes, what was left open. */
import { Resolver } from "node:dns/promises";
import dgram from "node:dgram";
import { openSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync, writeSync } from "node:fs";
import net from "node:net";
import { hostname, networkInterfaces } from "node:os";
import type { Attack } from "./attacks.ts";

const CANARY = /CANARY-[A-Z]+/;
/** A port that refuses does so at once. */
const WAIT_MS = 10_000;
/** Of a server that never answers. */
const SILENCE_MS = 500;

/** With `own-root` taken out the machine lies under /host. */
const everywhere = (path: string): string[] => [path, `/host${path}`];

function anyOf(paths: readonly string[], works: (path: string) => boolean): boolean {
  return paths.some((path) => {
    try {
      return works(path);
    } catch (error) {
      process.stdout.write(`${path}: ${String(error)}\n`);
      return false;
    }
  });
}

async function answers(options: net.NetConnectOpts): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = net.connect(options);
  socket.setTimeout(WAIT_MS, () => resolve(false));
  socket.on("error", (error) => (process.stdout.write(`${String(error)}\n`), resolve(false)));
  socket.on("data", (bytes) => resolve(CANARY.test(bytes.toString())));
  socket.on("close", () => resolve(false));
  const worked = await promise;
  socket.destroy();
  return worked;
}

export const REACH_ATTACKS: Readonly<Record<string, Attack>> = {
  tcp: (port = "") => answers({ host: "127.0.0.1", port: Number(port) }),
  "unix-socket": async (path = "") => {
    for (const at of everywhere(path)) if (await answers({ path: at })) return true;
    return false;
  },
  "abstract-socket": (name = "") => answers({ path: `\0${name}` }),
  // The listener outside is who says whether it arrived.
  udp: async (port = "") => {
    const socket = dgram.createSocket("udp4");
    await new Promise((resolve) => socket.send("CANARY-UDP", Number(port), "127.0.0.1", resolve));
    await Bun.sleep(50);
    socket.close();
    return false;
  },
  dns: async (port = "") => {
    const resolver = new Resolver({ timeout: SILENCE_MS, tries: 1 });
    resolver.setServers([`127.0.0.1:${port}`]);
    await resolver.resolve4("secret.canary.test").catch(() => []);
    return false;
  },
  interfaces: () => Object.keys(networkInterfaces()).some((name) => name !== "lo") || readFileSync("/proc/self/net/dev", "utf8").split("\n").slice(2).some((line) => line.trim() !== "" && !line.trim().startsWith("lo:")),
  read: (path = "") => anyOf(everywhere(path), (at) => CANARY.test(readFileSync(at, "utf8"))),
  "read-mounted": (path = "") => anyOf([path], (at) => CANARY.test(readFileSync(at, "utf8"))),
  there: (path = "") => anyOf(everywhere(path), (at) => readdirSync(at).length > 0),
  write: (path = "") => anyOf([path], (at) => (writeFileSync(at, "CANARY-WRITTEN"), true)),
  device: (name = "") => anyOf(["/dev"], (at) => readdirSync(at).includes(name)),
  "host-process": (pid = "", what = "") => anyOf(["/proc"], (at) => CANARY.test(readFileSync(`${at}/${pid}/${what}`, "latin1"))),
  kill: (pid = "") => anyOf([pid], (at) => process.kill(Number(at), "SIGTERM")),
  environment: () => Object.keys(process.env).some((name) => name.startsWith("MAESTRO")),
  "open-descriptors": () => readdirSync("/proc/self/fd").some((fd) => Number(fd) > 2 && anyOf([fd], (at) => !/anon_inode|\/proc\/.*\/fd|^\/dev\/(?:u?random|null)$|attacks|eventfd/.test(readlinkSync(`/proc/self/fd/${at}`)))),
  hostname: (outside = "") => hostname() === outside,
  cgroup: (outside = "") => readFileSync("/proc/self/cgroup", "utf8").includes(outside),
  capabilities: () => !/^CapEff:\t0+$/m.test(readFileSync("/proc/self/status", "utf8")),
  "stdin-rewrite": () => writeSync(openSync("/proc/self/fd/0", "r+"), "changed") > 0,
  link: (target = "", at = "") => (symlinkSync(target, `/scratch/${at}`), false),
};
