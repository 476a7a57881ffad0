// The official MCP clients at gantry-mcp itself, over HTTP and pipes: version 1 of the SDK at
// 2025-11-25, version 2 at 2025-11-25 and 2026-07-28. Lists in pages, calls, structured content
// against its schema, errors, many at once, an abort. One argument: JSON {url, stdio: {command,
// args, env}, tools: how many there are}.
import assert from "node:assert/strict";
import { Client as OldClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as OldStdio } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport as OldHttp } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";

const given = JSON.parse(process.argv[2]);
const url = new URL(given.url);
const who = { name: "gantry-tests", version: "1" };
const pinned = { versionNegotiation: { mode: { pin: "2026-07-28" } } };
const automatic = { versionNegotiation: { mode: "auto" } };
const kinds = [
  ["2025-11-25", () => new OldClient(who), () => new OldHttp(url)],
  ["2025-11-25", () => new OldClient(who), () => new OldStdio(given.stdio)],
  ["2025-11-25", () => new Client(who), () => new StreamableHTTPClientTransport(url)],
  ["2026-07-28", () => new Client(who, pinned), () => new StreamableHTTPClientTransport(url)],
  ["2026-07-28", () => new Client(who, automatic), () => new StreamableHTTPClientTransport(url)],
  ["2026-07-28", () => new Client(who, pinned), () => new StdioClientTransport(given.stdio)],
];

for (const [version, make, transport] of kinds) {
  const client = make();
  const old = client instanceof OldClient;
  const call = (name, args, options) =>
    old
      ? client.callTool({ name, arguments: args }, undefined, options)
      : client.callTool({ name, arguments: args }, options);
  await client.connect(transport());
  if (!old) assert.equal(client.getNegotiatedProtocolVersion(), version);
  assert.equal(client.getServerVersion().name, "clients");
  assert.equal(client.getInstructions(), "Ask for hello.txt.");
  const names = [];
  for (let cursor; ; ) {
    const page = await client.listTools(cursor === undefined ? {} : { cursor });
    names.push(...page.tools.map((tool) => tool.name));
    cursor = page.nextCursor;
    if (cursor === undefined) break;
  }
  assert.equal(new Set(names).size, given.tools);
  assert.deepEqual(names, [...names].sort());
  const read = await call("read", { path: "hello.txt" });
  assert.ok(!read.isError, JSON.stringify(read));
  assert.ok(JSON.stringify(read.structuredContent).includes("hello"));
  assert.ok(read.content[0].text.includes("hello"));
  const many = await Promise.all(Array.from({ length: 50 }, (_, i) => call("quick", { key: `k${i}` })));
  many.forEach((result, i) => assert.equal(result.structuredContent.reply, `k${i}`));
  await assert.rejects(call("none", {}), (error) => error.code === -32602 && /none/.test(error.message));
  const wrong = await call("read", { nope: 1 });
  assert.equal(wrong.isError, true);
  assert.match(wrong.content[0].text, /nope|path/);
  const limit = new AbortController();
  const slow = call("get", { key: "held" }, { signal: limit.signal });
  setTimeout(() => limit.abort("enough"), 200);
  await assert.rejects(slow);
  const after = await call("quick", { key: "after" });
  assert.equal(after.structuredContent.reply, "after");
  await client.close();
}
console.log("done");
