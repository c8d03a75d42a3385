/** The agents whose hooks are known. */
import type { Agent } from "./agent.ts";
import { claude } from "./claude.ts";
import { codex } from "./codex.ts";
import { copilot } from "./copilot.ts";
import { cursor } from "./cursor.ts";
import { gemini } from "./gemini.ts";

export const AGENTS = { claude, codex, cursor, copilot, gemini } as const satisfies Readonly<Record<string, Agent>>;
export type AgentName = keyof typeof AGENTS;

export const isAgent = (name: string): name is AgentName => Object.hasOwn(AGENTS, name);
