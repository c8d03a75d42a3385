/** What a tenant is told of the daemon: its own part. Names of other tenants and their repositories, users, tokens and damage are the operator's. */
import type { ConfigReply, StatusReply } from "../../proto/api.ts";
import type { Host } from "../config/host.ts";
import { mayUse, type Principal } from "../tenants/index.ts";

/** Settings that say who else uses this host and how they prove it. */
const OPERATORS: readonly string[] = ["tenants", "sockets", "capabilities", "oidc", "people", "groups", "egress_socket", "keyless"];

const isOperator = ({ tenant, verbs }: Principal): boolean => tenant === null || verbs.has("operate");

/** The host as this reader may see it: of the operator's table only the rows it may name, without where their credentials lie. */
export function hostFor<Seen extends Pick<Host, "repositories">>(reader: Principal, host: Seen): Seen {
  if (isOperator(reader)) return host;
  const own = host.repositories.filter(({ id }) => mayUse(reader, id));
  return { ...host, repositories: own.map(({ credential_file: _credentials, known_hosts_file: _hosts, ca_file: _authority, ...row }) => row) };
}

export function settingsFor(reader: Principal, entries: ConfigReply["entries"]): ConfigReply["entries"] {
  return isOperator(reader) ? entries : entries.filter(({ key }) => !OPERATORS.includes(key));
}

/** Why a reload was refused quotes the operator's file, and what was found damaged has somebody's name. */
export function statusFor(reader: Principal, status: StatusReply): StatusReply {
  if (isOperator(reader)) return status;
  const { reload, integrity } = status;
  return { ...status, reload: reload === null ? null : { ...reload, needs_restart: [], detail: "the operator is told more" }, integrity: { ...integrity, first: null } };
}
