// The JavaScript SDK's AgentCore client against a running `gantry local`: create, read, list in
// pages, typed errors, delete. Arguments: URL, access key id, secret access key, role ARN.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import {
  BedrockAgentCoreControlClient,
  ConflictException,
  CreateGatewayCommand,
  DeleteGatewayCommand,
  GetGatewayCommand,
  ResourceNotFoundException,
  UpdateGatewayCommand,
  ValidationException,
  paginateListGateways,
} from "@aws-sdk/client-bedrock-agentcore-control";

const [endpoint, accessKeyId, secretAccessKey, roleArn] = process.argv.slice(2);
const settings = { endpoint, region: "us-east-1", maxAttempts: 1 };
const client = new BedrockAgentCoreControlClient({
  ...settings,
  credentials: { accessKeyId, secretAccessKey },
});
const fixed = { roleArn, authorizerType: "NONE", protocolType: "MCP" };

async function until(wanted, message) {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(20)) {
    if (await wanted()) return;
  }
  assert.fail(message);
}

const names = ["one", "two", "three", "four", "five"];
const ids = [];
for (const name of names) {
  const made = await client.send(new CreateGatewayCommand({ name, ...fixed }));
  assert.equal(made.status, "CREATING");
  assert.ok(made.createdAt instanceof Date);
  ids.push(made.gatewayId);
}
const read = (gatewayIdentifier) => client.send(new GetGatewayCommand({ gatewayIdentifier }));
for (const id of ids) {
  await until(async () => (await read(id)).status === "READY", `${id} is not READY`);
}

const listed = [];
let pages = 0;
for await (const page of paginateListGateways({ client, pageSize: 2 }, {})) {
  pages += 1;
  listed.push(...page.items.map((item) => item.name));
}
assert.deepEqual(listed.sort(), [...names].sort());
assert.equal(pages, 3);

await assert.rejects(
  client.send(new CreateGatewayCommand({ name: "one", ...fixed })),
  (error) => error instanceof ConflictException && error.$metadata.httpStatusCode === 409,
);
await assert.rejects(
  client.send(new CreateGatewayCommand({ name: "no spaces", ...fixed })),
  (error) => error instanceof ValidationException && error.reason === "FieldValidationFailed",
);
await assert.rejects(read("nobody-abcdefghij"), ResourceNotFoundException);
const stranger = new BedrockAgentCoreControlClient({
  ...settings,
  credentials: { accessKeyId, secretAccessKey: `${secretAccessKey}x` },
});
await assert.rejects(
  stranger.send(new GetGatewayCommand({ gatewayIdentifier: ids[0] })),
  (error) => error.name === "InvalidSignatureException" && error.$metadata.httpStatusCode === 403,
);

const change = { gatewayIdentifier: ids[0], name: "one", description: "changed", ...fixed };
await client.send(new UpdateGatewayCommand(change));
await until(async () => (await read(ids[0])).status === "READY", "the update did not end");
assert.equal((await read(ids[0])).description, "changed");

for (const gatewayIdentifier of ids) {
  await client.send(new DeleteGatewayCommand({ gatewayIdentifier }));
}
for (const id of ids) {
  await until(
    () => read(id).then(() => false, (error) => error instanceof ResourceNotFoundException),
    `${id} is not gone`,
  );
}
console.log("done");
