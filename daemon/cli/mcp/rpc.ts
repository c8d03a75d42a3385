/** JSON-RPC 2.0 as MCP uses it: what a message is, and how a failure is numbered. */

/** JSON-RPC 2.0 section 5.1; the last one is of MCP's own range. */
export const RPC = { parse: -32700, request: -32600, method: -32601, params: -32602, internal: -32603, busy: -32000 } as const;

export type Id = string | number;
export type Params = Readonly<Record<string, unknown>>;

/** What the client sent, told apart by its fields. */
export type Incoming =
  | { readonly kind: "request"; readonly id: Id; readonly method: string; readonly params: Params }
  | { readonly kind: "notification"; readonly method: string; readonly params: Params }
  /** An answer to a question that this server never asks. */
  | { readonly kind: "response" }
  | { readonly kind: "invalid"; readonly id: Id | null; readonly because: string };

export type Reply = { readonly jsonrpc: "2.0"; readonly id: Id | null } & ({ readonly result: object } | { readonly error: { readonly code: number; readonly message: string } });
export type Outgoing = Reply | { readonly jsonrpc: "2.0"; readonly method: string; readonly params: object };

export class RpcError extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

export const isRecord = (value: unknown): value is Params => typeof value === "object" && value !== null && !Array.isArray(value);

const isId = (value: unknown): value is Id => typeof value === "string" || (typeof value === "number" && Number.isSafeInteger(value));

export function messageIn(value: unknown): Incoming {
  if (!isRecord(value)) return { kind: "invalid", id: null, because: "a message is an object" };
  const { jsonrpc, id, method, params = {} } = value;
  const known = isId(id) ? id : null;
  if (jsonrpc !== "2.0") return { kind: "invalid", id: known, because: 'jsonrpc is "2.0"' };
  if (method === undefined && ("result" in value || "error" in value)) return { kind: "response" };
  if (typeof method !== "string") return { kind: "invalid", id: known, because: "method is a string" };
  if (!isRecord(params)) return { kind: "invalid", id: known, because: "params is an object" };
  if (id === undefined) return { kind: "notification", method, params };
  // MCP forbids the null that JSON-RPC allows: nothing could be answered to it.
  if (known === null) return { kind: "invalid", id: null, because: "id is a string or a whole number" };
  return { kind: "request", id: known, method, params };
}

export const answer = (id: Id, result: object): Reply => ({ jsonrpc: "2.0", id, result });
export const failure = (id: Id | null, code: number, message: string): Reply => ({ jsonrpc: "2.0", id, error: { code, message } });
