/** What git is told before it speaks to a remote: one transport, no redirect, nothing of the user it runs as. */
import { dirname } from "node:path";
import type { RemoteScheme } from "../../proto/remote.ts";
import { GIT_ENVIRONMENT } from "../platform/git/environment.ts";
import { FSCK_ERROR, FSCK_WARN } from "../platform/git/fsck.ts";
import type { GitTools } from "../platform/git/runner.ts";

/** Below this many bytes a second for so long an HTTP remote counts as gone; the deadline stands above it. */
const LOW_SPEED = { bytes: 1_000, seconds: 15 } as const;
const CONNECT_S = 10;

/** Where the programs are; `setpriv` and `prlimit` are util-linux, null where not installed. */
export interface EgressTools extends GitTools {
  readonly setpriv: string | null;
  readonly ssh: string | null;
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

export function gitConfig(scheme: RemoteScheme | null, ca_file: string | undefined, credentials: string | null): string[] {
  const fsck = [...FSCK_WARN.map((id) => `fetch.fsck.${id}=warn`), ...FSCK_ERROR.map((id) => `fetch.fsck.${id}=error`)];
  return [
    "protocol.allow=never",
    ...(scheme === null ? [] : [`protocol.${scheme}.allow=always`]),
    "protocol.version=2",
    // A redirect would lead to an address the operator never wrote.
    "http.followRedirects=false",
    "http.sslVerify=true",
    ...(ca_file === undefined ? [] : [`http.sslCAInfo=${ca_file}`]),
    `http.lowSpeedLimit=${LOW_SPEED.bytes}`,
    `http.lowSpeedTime=${LOW_SPEED.seconds}`,
    "http.emptyAuth=false",
    "http.delegation=none",
    "http.saveCookies=false",
    // An empty value drops what other configuration named.
    "credential.helper=",
    ...(credentials === null ? [] : [`credential.helper=store --file=${quoted(credentials)}`]),
    "core.askPass=/bin/false",
    "core.hooksPath=/dev/null",
    "core.attributesFile=/dev/null",
    "core.fsmonitor=false",
    "core.commitGraph=false",
    "core.bigFileThreshold=16m",
    "transfer.fsckObjects=true",
    "fetch.fsckObjects=true",
    ...fsck,
    "fetch.unpackLimit=1",
    "fetch.recurseSubmodules=false",
    "submodule.recurse=false",
    "fetch.writeCommitGraph=false",
    "fetch.uriProtocols=",
    "transfer.bundleURI=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "pack.threads=2",
    "pack.packSizeLimit=0",
    "safe.bareRepository=explicit",
  ];
}

/** Nothing of the helper's own user: no home, no configuration, no agent, no prompt. */
export function gitEnvironment(tools: EgressTools, scheme: RemoteScheme | null, ssh_command: string | null, trace: string | null, folder: string): Record<string, string> {
  return {
    ...GIT_ENVIRONMENT,
    PATH: [dirname(tools.git), "/usr/local/bin", "/usr/bin", "/bin"].join(":"),
    GIT_ASKPASS: "/bin/false",
    SSH_ASKPASS: "/bin/false",
    GIT_ALLOW_PROTOCOL: scheme ?? "none",
    // A repository around the state folder, if there is one, is none of ours.
    GIT_CEILING_DIRECTORIES: dirname(folder),
    ...(ssh_command === null ? {} : { GIT_SSH_COMMAND: ssh_command, GIT_SSH_VARIANT: "ssh" }),
    ...(trace === null ? {} : { GIT_TRACE_PACKET: trace }),
  };
}

/** ssh that reads no configuration, asks nobody, knows one key and believes the operator's host keys only. */
export function sshCommand(ssh: string, key_file: string, known_hosts_file: string): string {
  const options = [
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    `UserKnownHostsFile=${known_hosts_file}`,
    "GlobalKnownHostsFile=/dev/null",
    "UpdateHostKeys=no",
    "IdentitiesOnly=yes",
    `IdentityFile=${key_file}`,
    "IdentityAgent=none",
    "ForwardAgent=no",
    "ClearAllForwardings=yes",
    "PermitLocalCommand=no",
    "ProxyCommand=none",
    `ConnectTimeout=${CONNECT_S}`,
  ];
  return [quoted(ssh), "-F", "/dev/null", ...options.flatMap((option) => ["-o", quoted(option)])].join(" ");
}
