"""The example's manifest against moto's server: somebody else's idea of the services.  Everything is looked at
with boto3; a recording proxy counts the requests.

What moto cannot do, and what that means here (seen with the version of tests/requirements.txt):

- UpdateGateway, UpdateAgentRuntime and UpdateGatewayTarget leave the status UPDATING for ever, so that no
  update of them can be waited for.  Changes are made to roles, pools' clients, log groups and by creating and
  removing targets; updates that must settle are test_strict.py's part.
- A runtime has no DEFAULT endpoint: moto_gaps.py has the proxy answer for it, but for one test.
- UpdateResourceServer and the credential providers are missing, and DeleteResourceServer is an HTTP page of
  status 500: it is good enough for Gantry that the server goes with its pool.
- Signatures and inputs are not checked, lists are not paged, nothing lags.
"""

from __future__ import annotations

import json
import shutil
from typing import Any
from urllib.parse import quote

from .harness import ACCOUNT, CHANGES, REGION, IntegrationTest, Run, ServerProcess, Workspace, quick_suite
from .sweep import check, killed_run, sweep

CONTROL = "bedrock-agentcore-control"
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:lark-AbCdEf"


class Moto:
    """moto behind the recording proxy, with what the manifest expects to be there."""

    def __init__(self, *, fill_gaps: bool = True) -> None:
        self.moto = ServerProcess("moto")
        gaps = ["--moto-gaps"] if fill_gaps else []
        self.proxy = ServerProcess("proxy", "--upstream", self.moto.url, *gaps)
        self.begin()

    def stop(self) -> None:
        """Both go."""
        self.proxy.stop()
        self.moto.stop()

    def begin(self) -> None:
        """Nothing but an image and a permissions boundary; the log begins at 1."""
        self.moto.call("/moto-api/reset", method="POST")
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 2, "digest": "sha256:" + "e5" * 32},
            "layers": [],
        }
        ecr = self.client("ecr")
        ecr.create_repository(repositoryName="lark-mcp")
        ecr.put_image(repositoryName="lark-mcp", imageManifest=json.dumps(manifest), imageTag="latest")
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        self.client("iam").create_policy(PolicyName="boundary", PolicyDocument=json.dumps(document))
        self.proxy.call("/_proxy/reset", {})

    def client(self, service: str) -> Any:
        """boto3, past the proxy."""
        return self.moto.client(service)

    def log(self, after: int = 0) -> list[dict[str, Any]]:
        """The requests that went through the proxy."""
        return self.proxy.call(f"/_proxy/log?after={after}")

    def mark(self) -> int:
        """The number of the last request."""
        return len(self.log())

    def mutations(self, after: int = 0) -> list[str]:
        """The requests that would change something."""
        return [entry["operation"] for entry in self.log(after) if entry["mutating"]]

    def inventory(self) -> dict[str, list[str]]:
        """Everything there is, by boto3; names where there are some, for they are what is the same again."""
        control, cognito, iam = self.client(CONTROL), self.client("cognito-idp"), self.client("iam")
        found: dict[str, list[str]] = {"targets": [], "clients": [], "scopes": [], "domains": [], "policies": []}
        gateways = control.list_gateways()["items"]
        found["gateways"] = [item["name"] for item in gateways]
        for gateway in gateways:
            for target in control.list_gateway_targets(gatewayIdentifier=gateway["gatewayId"])["items"]:
                found["targets"].append(f"{gateway['name']}/{target['name']}")
        found["runtimes"] = [item["agentRuntimeName"] for item in control.list_agent_runtimes()["agentRuntimes"]]
        pools = cognito.list_user_pools(MaxResults=60)["UserPools"]
        found["pools"] = [pool["Name"] for pool in pools]
        for pool in pools:
            for client in cognito.list_user_pool_clients(UserPoolId=pool["Id"], MaxResults=60)["UserPoolClients"]:
                found["clients"].append(client["ClientName"])
            for server in cognito.list_resource_servers(UserPoolId=pool["Id"], MaxResults=50)["ResourceServers"]:
                found["scopes"] += [f"{server['Identifier']}/{scope['ScopeName']}" for scope in server.get("Scopes", [])]
            if cognito.describe_user_pool(UserPoolId=pool["Id"])["UserPool"].get("Domain"):
                found["domains"].append(pool["Name"])
        roles = [role["RoleName"] for role in iam.list_roles()["Roles"]]
        found["roles"] = roles
        for role in roles:
            found["policies"] += [f"{role}/{name}" for name in iam.list_role_policies(RoleName=role)["PolicyNames"]]
        groups = self.client("logs").describe_log_groups()["logGroups"]
        # The name ends in the runtime's id, which is another one each time.
        found["log groups"] = [group["logGroupName"].rpartition("/")[0] for group in groups]
        return {kind: sorted(names) for kind, names in sorted(found.items())}


EVERYTHING = {
    "clients": ["lark-tools-dev-quick-suite"],
    "domains": ["lark-tools-dev-mcp"],
    "gateways": ["lark-tools-dev-tools"],
    "log groups": ["/aws/bedrock-agentcore/runtimes"],
    "policies": [
        f"lark-tools-dev-gateway-tools-{REGION}/gateway",
        f"lark-tools-dev-gateway-tools-{REGION}/targets",
        f"lark-tools-dev-runtime-lark-{REGION}/runtime",
    ],
    "pools": ["lark-tools-dev-mcp"],
    "roles": [f"lark-tools-dev-gateway-tools-{REGION}", f"lark-tools-dev-runtime-lark-{REGION}"],
    "runtimes": ["lark_tools_dev_lark"],
    "scopes": ["MyGateway/invoke"],
    "targets": ["lark-tools-dev-tools/lark"],
}
NOTHING: dict[str, list[str]] = {kind: [] for kind in EVERYTHING}


class MotoTest(IntegrationTest):
    """Applied, applied again, changed, drifted, diffed, destroyed."""

    fill_gaps = True

    @classmethod
    def setUpClass(cls) -> None:
        cls.moto = Moto(fill_gaps=cls.fill_gaps)
        cls.addClassCleanup(cls.moto.stop)

    def setUp(self) -> None:
        self.moto.begin()
        self.space: Workspace = self.workspace(self.moto.proxy.url, quick_suite(), "dev")

    def assert_quiet(self) -> None:
        mark = self.moto.mark()
        diff = self.assert_run(self.space.diff())
        self.assertEqual({}, diff.changed, str(diff))
        run = self.assert_run(self.space.apply())
        self.assertGreater(self.moto.mark(), mark, "a run without a request shows nothing")
        self.assertEqual([], self.moto.mutations(mark), str(run))

    def assert_destroyed(self) -> None:
        self.assert_run(self.space.destroy())
        self.assertEqual(NOTHING, self.moto.inventory())
        self.assertFalse(self.space.state_path().exists())

    def assert_everything(self) -> None:
        """Every resource is there, as the manifest has it, and refers to the others."""
        self.assertEqual(EVERYTHING, self.moto.inventory())
        client = self.check_identity()
        runtime = self.check_runtime()
        self.check_gateway(client, runtime)

    def check_identity(self) -> dict[str, Any]:
        cognito = self.moto.client("cognito-idp")
        pool = cognito.describe_user_pool(UserPoolId=cognito.list_user_pools(MaxResults=60)["UserPools"][0]["Id"])["UserPool"]
        self.assert_tags(pool["UserPoolTags"], "user_pool.mcp")
        domain = cognito.describe_user_pool_domain(Domain=pool["Domain"])["DomainDescription"]
        self.assertEqual(pool["Id"], domain["UserPoolId"])
        found = cognito.list_user_pool_clients(UserPoolId=pool["Id"], MaxResults=60)["UserPoolClients"][0]
        client = cognito.describe_user_pool_client(UserPoolId=pool["Id"], ClientId=found["ClientId"])["UserPoolClient"]
        self.assertEqual(["client_credentials"], client["AllowedOAuthFlows"])
        self.assertEqual(["MyGateway/invoke"], client["AllowedOAuthScopes"])
        self.assertTrue(client["ClientSecret"])
        return client

    def check_runtime(self) -> dict[str, Any]:
        control = self.moto.client(CONTROL)
        runtime = control.list_agent_runtimes()["agentRuntimes"][0]
        runtime = control.get_agent_runtime(agentRuntimeId=runtime["agentRuntimeId"])
        self.assertEqual("READY", runtime["status"])
        image = runtime["agentRuntimeArtifact"]["containerConfiguration"]["containerUri"]
        self.assertRegex(image, rf"^{ACCOUNT}\.dkr\.ecr\.{REGION}\.amazonaws\.com/lark-mcp@sha256:[0-9a-f]{{64}}$")
        self.assertEqual({"MCP_TRANSPORT": "http", "PORT": "8000", "LARK_KEY": SECRET}, runtime["environmentVariables"])
        self.assertEqual("MCP", runtime["protocolConfiguration"]["serverProtocol"])
        self.assert_tags(control.list_tags_for_resource(resourceArn=runtime["agentRuntimeArn"])["tags"], "runtime.lark")
        actions = self.check_role(runtime["roleArn"], "role.runtime.lark")
        self.assertLessEqual({"ecr:BatchGetImage", "logs:PutLogEvents", "secretsmanager:GetSecretValue"}, actions)
        group = self.moto.client("logs").describe_log_groups()["logGroups"][0]
        self.assertEqual(f"/aws/bedrock-agentcore/runtimes/{runtime['agentRuntimeId']}-DEFAULT", group["logGroupName"])
        return runtime

    def check_gateway(self, client: dict[str, Any], runtime: dict[str, Any]) -> None:
        control = self.moto.client(CONTROL)
        gateway = control.get_gateway(gatewayIdentifier=control.list_gateways()["items"][0]["gatewayId"])
        self.assertEqual("READY", gateway["status"])
        self.assertEqual("Lark tools for Quick Suite", gateway["description"])
        authorizer = gateway["authorizerConfiguration"]["customJWTAuthorizer"]
        self.assertEqual([client["ClientId"]], authorizer["allowedClients"])
        self.assertIn(client["UserPoolId"], authorizer["discoveryUrl"])
        self.assert_tags(control.list_tags_for_resource(resourceArn=gateway["gatewayArn"])["tags"], "gateway.tools")
        actions = self.check_role(gateway["roleArn"], "role.gateway.tools")
        self.assertIn("bedrock-agentcore:InvokeAgentRuntime", actions)
        identifier = gateway["gatewayId"]
        target = control.list_gateway_targets(gatewayIdentifier=identifier)["items"][0]
        target = control.get_gateway_target(gatewayIdentifier=identifier, targetId=target["targetId"])
        endpoint = target["targetConfiguration"]["mcp"]["mcpServer"]["endpoint"]
        self.assertIn(f"/runtimes/{quote(runtime['agentRuntimeArn'], safe='')}/invocations", endpoint)
        self.assertEqual("GATEWAY_IAM_ROLE", target["credentialProviderConfigurations"][0]["credentialProviderType"])

    def check_role(self, arn: str, address: str) -> set[str]:
        """What its inline policies allow."""
        self.assertTrue(arn.startswith(f"arn:aws:iam::{ACCOUNT}:role/gantry/"), arn)
        iam, name = self.moto.client("iam"), arn.rpartition("/")[2]
        role = iam.get_role(RoleName=name)["Role"]
        self.assert_tags({tag["Key"]: tag["Value"] for tag in role["Tags"]}, address)
        self.assertEqual(f"arn:aws:iam::{ACCOUNT}:policy/boundary", role["PermissionsBoundary"]["PermissionsBoundaryArn"])
        trust = role["AssumeRolePolicyDocument"]["Statement"][0]
        self.assertEqual({"Service": "bedrock-agentcore.amazonaws.com"}, trust["Principal"])
        actions: set[str] = set()
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            for statement in iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]["Statement"]:
                found = statement["Action"]
                actions |= {found} if isinstance(found, str) else set(found)
        return actions

    def assert_tags(self, tags: dict[str, str], address: str) -> None:
        wanted = {"team": "platform", "gantry:stack": "lark-tools", "gantry:environment": "dev", "gantry:address": address}
        self.assertEqual({**tags, **wanted}, tags)


class MotoAsItIs(MotoTest):
    """Nothing between Gantry and moto but the counting."""

    fill_gaps = False

    def test_is_applied_again_and_destroyed(self) -> None:
        run = self.assert_run(self.space.apply())
        self.assertIn("DEFAULT", run.out, "moto has no DEFAULT endpoint, and that is said")
        self.assert_everything()
        self.assert_quiet()
        self.assert_destroyed()


class MotoLife(MotoTest):
    """One life, and what else there is to try."""

    def test_life_of_a_stack(self) -> None:
        self.assert_run(self.space.apply())
        self.assert_everything()
        self.assert_quiet()
        self.change()
        self.assert_quiet()
        self.drift()
        self.assert_quiet()
        self.assert_destroyed()

    def change(self) -> None:
        """More of everything, then back to what it was."""
        self.space.edit(
            "lark: {gateway: tools, runtime: lark}",
            "lark: {gateway: tools, runtime: lark}\n  docs: {gateway: tools, endpoint: 'https://a.example.com/mcp'}",
        )
        policies = "policies: {more: [{Effect: Allow, Action: 's3:GetObject', Resource: '*'}]}"
        self.space.edit(
            "    image: ${var.image}\n", f"    image: ${{var.image}}\n    logRetention: 30\n    {policies}\n"
        )
        mark = self.moto.mark()
        run = self.assert_run(self.space.apply())
        self.assertEqual(3, len(self.moto.mutations(mark)), f"{self.moto.mutations(mark)} {run}")
        inventory = self.moto.inventory()
        self.assertEqual(["lark-tools-dev-tools/docs", "lark-tools-dev-tools/lark"], inventory["targets"])
        self.assertIn(f"lark-tools-dev-runtime-lark-{REGION}/more", inventory["policies"])
        self.assertEqual(30, self.moto.client("logs").describe_log_groups()["logGroups"][0]["retentionInDays"])
        self.assert_quiet()
        self.space.write(quick_suite())
        self.assert_run(self.space.apply())
        self.assert_everything()

    def drift(self) -> None:
        """Somebody changes and removes things; diff names them, apply mends them."""
        iam, logs, control = self.moto.client("iam"), self.moto.client("logs"), self.moto.client(CONTROL)
        role = f"lark-tools-dev-runtime-lark-{REGION}"
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
        iam.put_role_policy(RoleName=role, PolicyName="runtime", PolicyDocument=json.dumps(document))
        gateway = control.list_gateways()["items"][0]["gatewayId"]
        target = control.list_gateway_targets(gatewayIdentifier=gateway)["items"][0]["targetId"]
        control.delete_gateway_target(gatewayIdentifier=gateway, targetId=target)
        logs.delete_log_group(logGroupName=logs.describe_log_groups()["logGroups"][0]["logGroupName"])
        mark = self.moto.mark()
        diff = self.assert_run(self.space.diff(), CHANGES)
        wanted = {"role_policy.runtime.lark": "update", "target.lark": "create", "log_group.runtime.lark": "create"}
        self.assertEqual(wanted, diff.changed, str(diff))
        self.assertEqual([], self.moto.mutations(mark), "diff changes nothing")
        self.assert_run(self.space.apply())
        self.assert_everything()

    def test_same_stack_from_another_folder(self) -> None:
        self.assert_run(self.space.apply())
        other = self.workspace(self.moto.proxy.url, quick_suite(), "dev")
        mark = self.moto.mark()
        self.assert_refused(other.apply())
        self.assertEqual([], self.moto.mutations(mark))
        self.assertEqual(EVERYTHING, self.moto.inventory())

    def test_missing_image_is_said_first(self) -> None:
        self.moto.client("ecr").batch_delete_image(repositoryName="lark-mcp", imageIds=[{"imageTag": "latest"}])
        run = self.assert_refused(self.space.apply())
        self.assertIn("lark-mcp", run.out + run.err)
        self.assertEqual(NOTHING, self.moto.inventory())


class Worker:
    """One moto and one workspace, killed by the proxy."""

    def __init__(self) -> None:
        self.moto = Moto()
        self.kills = 0
        self.space = Workspace(self.moto.proxy.url, quick_suite())
        self.space.environment = "dev"

    def close(self) -> None:
        """Everything goes."""
        self.moto.stop()
        self.space.remove()

    def must(self, run: Run) -> Run:
        """It was done."""
        check(run.code == 0 and not run.crashed(), f"{run}")
        return run

    def run(self, point: tuple[int, str]) -> None:
        """Kill apply around one request; apply again; a quiet apply; destroy."""
        number, when = point
        self.moto.begin()
        shutil.rmtree(self.space.folder / ".gantry", ignore_errors=True)
        kill = {"request": number, "when": when, "pidfile": str(self.space.base / "pid")}
        self.moto.proxy.call("/_proxy/kill", kill)
        killed = killed_run(self.space, "apply", "--yes", "--json")
        made = self.moto.mark()
        self.moto.proxy.call("/_proxy/kill", False)
        check(killed.code in (0, -9), f"{killed}")
        check(killed.code == -9 or made < number, f"it was not killed at one of {made} requests: {killed}")
        self.kills += killed.code == -9
        run = self.must(self.space.apply())
        found = self.moto.inventory()
        check(found == EVERYTHING, f"there is {found}: {killed}\n{run}")
        mark = self.moto.mark()
        self.must(self.space.apply())
        check(not self.moto.mutations(mark), f"a further apply called {self.moto.mutations(mark)}")
        self.must(self.space.destroy())
        found = self.moto.inventory()
        check(found == NOTHING, f"left: {found}")


class MotoTorture(IntegrationTest):
    """apply is killed at every request, before it is forwarded and after it was answered."""

    def test_apply_killed_at_every_request(self) -> None:
        worker = Worker()
        try:
            self.assert_run(worker.space.apply())
            entries = worker.moto.log()
        finally:
            worker.close()
        # Some more, since there are not always as many polls.
        points = [(number, when) for number in range(1, len(entries) + 4) for when in ("before", "after")]
        workers: list[Worker] = []

        def make() -> Worker:
            workers.append(Worker())
            return workers[-1]

        problems = sweep(points, make, 4)  # moto is slow Python
        kills = sum(worker.kills for worker in workers)
        print(f"{len(entries)} requests, {len(points)} points, {kills} kills", flush=True)
        if problems:
            self.fail(f"{len(problems)} problems:\n" + "\n\n".join(problems))
        self.assertGreater(kills, 0.6 * len(points), "hardly any run was killed: this shows nothing")
