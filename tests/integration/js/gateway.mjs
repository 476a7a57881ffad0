// The official MCP clients (version 1 of the SDK at 2025-11-25, version 2 at 2026-07-28) through a
// gateway of the embedded cloud: tokens that they find by themselves from the 401, list, call,
// progress, refusals. One argument: JSON {url, tampered, expired, wrong, issuer, clientId,
// clientSecret, scope}.
import assert from "node:assert/strict";
import { Client as OldClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as OldTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ClientCredentialsProvider as OldProvider } from "@modelcontextprotocol/sdk/client/auth-extensions.js";
import {
  Client,
  ClientCredentialsProvider,
  StreamableHTTPClientTransport,
} from "@modelcontextprotocol/client";

const given = JSON.parse(process.argv[2]);
const url = new URL(given.url);
const who = { name: "gantry-tests", version: "1" };
const modern = { versionNegotiation: { mode: { pin: "2026-07-28" } } };
const credentials = {
  clientId: given.clientId,
  clientSecret: given.clientSecret,
  expectedIssuer: given.issuer,
  scope: given.scope,
};
const bearer = (token) => ({ requestInit: { headers: { Authorization: `Bearer ${token}` } } });
const kinds = [
  {
    connect: async (options) => {
      const client = new OldClient(who);
      await client.connect(new OldTransport(url, options));
      return client;
    },
    provider: () => new OldProvider(credentials),
  },
  {
    connect: async (options) => {
      const client = new Client(who, modern);
      await client.connect(new StreamableHTTPClientTransport(url, options));
      return client;
    },
    provider: () => new ClientCredentialsProvider(credentials),
  },
];

for (const { connect, provider } of kinds) {
  const client = await connect({ authProvider: provider() });
  const names = [];
  for (let cursor; ; ) {
    const page = await client.listTools(cursor === undefined ? {} : { cursor });
    names.push(...page.tools.map((tool) => tool.name));
    cursor = page.nextCursor;
    if (cursor === undefined) break;
  }
  assert.ok(names.includes("lark___add"), names.join());
  const sum = await client.callTool({ name: "lark___add", arguments: { a: 20, b: 22 } });
  assert.equal(sum.content[0].text, "42");
  const seen = [];
  const report = { onprogress: (progress) => seen.push(progress.progress) };
  const step = { name: "lark___steps", arguments: {} };
  const steps =
    client instanceof OldClient
      ? await client.callTool(step, undefined, report)
      : await client.callTool(step, report);
  assert.equal(steps.content[0].text, "three steps");
  assert.deepEqual(seen, [1, 2, 3]);
  await assert.rejects(
    client.callTool({ name: "lark___none", arguments: {} }),
    (error) => error.code === -32602 && /Unknown tool: lark___none/.test(error.message),
  );
  const dead = await client.callTool({ name: "lark___die", arguments: {} });
  assert.equal(dead.isError, true);
  const back = await client.callTool({ name: "lark___echo", arguments: { text: "back" } });
  assert.equal(back.content[0].text, "back");
  await client.close();
  for (const token of [given.tampered, given.expired, given.wrong])
    await assert.rejects(connect(bearer(token)), (error) => /Invalid Bearer token|401|Unauthorized/.test(`${error} ${error.cause}`), token);
  await assert.rejects(connect({}), /Missing Bearer token|401|Unauthorized/);
}
console.log("done");
