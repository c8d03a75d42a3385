/** OpenAI's own client over a Unix socket: `SOCKET MODEL PROMPT TOKENS`; prints the text, as JSON. It retries by itself what may be retried. */
import OpenAI from "openai";

const [unix = "", model = "", content = "", tokens = "16"] = process.argv.slice(2);
const overSocket = ((url: string, init?: RequestInit) => fetch(url, { ...init, unix })) as typeof fetch;
const client = new OpenAI({ baseURL: "http://maestro/openai/v1", apiKey: "unused", fetch: overSocket });
const { choices: [choice] } = await client.chat.completions.create({ model, messages: [{ role: "user", content }], max_tokens: Number(tokens), temperature: 0 });
process.stdout.write(JSON.stringify(choice?.message.content));
