// The official stdio client (version 1 of the SDK at 2025-11-25, version 2 at 2026-07-28) through
// `gantry connect`: list, call, unknown tool, a server that dies in the middle of a call, the end.
// One argument: JSON {command, args, env}, as `gantry output --format mcp-json` writes it.
import assert from "node:assert/strict";
import { Client as OldClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as OldTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";

const given = JSON.parse(process.argv[2]);
const who = { name: "gantry-tests", version: "1" };
const modern = { versionNegotiation: { mode: { pin: "2026-07-28" } } };
const kinds = [
  [new OldClient(who), new OldTransport(given)],
  [new Client(who, modern), new StdioClientTransport(given)],
];

for (const [client, transport] of kinds) {
  await client.connect(transport);
  const names = (await client.listTools()).tools.map((tool) => tool.name);
  assert.ok(names.includes("server___add"), names.join());
  const sum = await client.callTool({ name: "server___add", arguments: { a: 20, b: 22 } });
  assert.equal(sum.content[0].text, "42");
  const many = await Promise.all(
    Array.from({ length: 30 }, (_, i) =>
      client.callTool({ name: "server___echo", arguments: { text: `${i}` } }),
    ),
  );
  many.forEach((result, i) => assert.equal(result.content[0].text, `${i}`));
  await assert.rejects(
    client.callTool({ name: "server___none", arguments: {} }),
    (error) => error.code === -32602 && /Unknown tool: server___none/.test(error.message),
  );
  const dead = await client.callTool({ name: "server___die", arguments: {} });
  assert.equal(dead.isError, true);
  const back = await client.callTool({ name: "server___echo", arguments: { text: "back" } });
  assert.equal(back.content[0].text, "back");
  const limit = new AbortController();
  const slow = client.callTool(
    { name: "server___slow", arguments: { seconds: 30 } },
    ...(client instanceof OldClient ? [undefined] : []),
    { signal: limit.signal },
  );
  setTimeout(() => limit.abort("enough"), 200);
  await assert.rejects(slow);
  const after = await client.callTool({ name: "server___echo", arguments: { text: "after" } });
  assert.equal(after.content[0].text, "after");
  await client.close();
}
console.log("done");
