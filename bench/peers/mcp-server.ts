/** The same list of tools, served by the official SDK's low-level server: what the start of `maestro mcp` is measured against. */
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import list from "../../daemon/cli/mcp/tools.json";

const server = new Server({ name: "peer", version: "1" }, { capabilities: { tools: {} } });
server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: list as { name: string; inputSchema: { type: "object" } }[] }));
void server.connect(new StdioServerTransport());
