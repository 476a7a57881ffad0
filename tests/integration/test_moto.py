"""The example's manifest against moto's server: somebody else's idea of the services.  Everything is looked at
with boto3; a recording proxy counts the requests.

What moto cannot do, and what that means here (seen with the version of tests/requirements.txt):

- UpdateGateway, UpdateAgentRuntime and UpdateGatewayTarget leave the status UPDATING for ever, so that no
  update of them can be waited for.  Changes are made to roles, pools' clients, log groups and by creating and
  removing targets; updates that must settle are the strict double's part (test_strict.py).
- A runtime has no DEFAULT endpoint, UpdateResourceServer and DeleteResourceServer are missing, as are the
  credential providers; moto_gaps.py says what the server of the tests does about the first two.
- Signatures and inputs are not checked, lists are not paged, nothing lags.
"""

from __future__ import annotations

import json
import shutil
from typing import Any

from .harness import ACCOUNT, CHANGES, LONG, REGION, IntegrationTest, Run, ServerProcess, Workspace, quick_suite
from .sweep import check, killed_run, sweep

CONTROL = "bedrock-agentcore-control"


class Moto:
    """moto behind the recording proxy, with what the manifest expects to be there."""

    def __init__(self) -> None:
        self.moto = ServerProcess("moto")
        self.proxy = ServerProcess("proxy", "--upstream", self.moto.url)
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

    @classmethod
    def setUpClass(cls) -> None:
        cls.moto = Moto()
        cls.addClassCleanup(cls.moto.stop)

    def setUp(self) -> None:
        self.moto.begin()
        self.space: Workspace = self.workspace(self.moto.proxy.url, quick_suite(), "dev")

    def assert_quiet(self) -> None:
        mark = self.moto.mark()
        diff = self.assert_run(self.space.diff())
        self.assertEqual({}, diff.changed, str(diff))
        run = self.assert_run(self.space.apply())
        self.assertEqual([], self.moto.mutations(mark), str(run))

    def test_is_applied_again_and_destroyed(self) -> None:
        self.assert_run(self.space.apply())
        self.assertEqual(EVERYTHING, self.moto.inventory())
        self.assert_connected()
        self.assert_quiet()
        self.assert_run(self.space.destroy())
        self.assertEqual(NOTHING, self.moto.inventory())
        self.assertFalse(self.space.state_path().exists())

    def assert_connected(self) -> None:
        control, cognito = self.moto.client(CONTROL), self.moto.client("cognito-idp")
        gateway = control.get_gateway(gatewayIdentifier=control.list_gateways()["items"][0]["gatewayId"])
        pool = cognito.list_user_pools(MaxResults=60)["UserPools"][0]["Id"]
        client = cognito.list_user_pool_clients(UserPoolId=pool, MaxResults=60)["UserPoolClients"][0]
        authorizer = gateway["authorizerConfiguration"]["customJWTAuthorizer"]
        self.assertEqual([client["ClientId"]], authorizer["allowedClients"])
        self.assertIn(pool, authorizer["discoveryUrl"])
        self.assertTrue(gateway["roleArn"].startswith(f"arn:aws:iam::{ACCOUNT}:role/gantry/"))
        tags = control.list_tags_for_resource(resourceArn=gateway["gatewayArn"])["tags"]
        self.assertEqual("lark-tools", tags["gantry:stack"])
        role = self.moto.client("iam").get_role(RoleName=gateway["roleArn"].rpartition("/")[2])["Role"]
        self.assertEqual(f"arn:aws:iam::{ACCOUNT}:policy/boundary", role["PermissionsBoundary"]["PermissionsBoundaryArn"])

    def test_changes(self) -> None:
        self.assert_run(self.space.apply())
        self.space.edit(
            "lark: {gateway: tools, runtime: lark}",
            "lark: {gateway: tools, runtime: lark}\n  docs: {gateway: tools, endpoint: 'https://a.example.com/mcp'}",
        )
        self.space.edit("    image: ${var.image}\n", "    image: ${var.image}\n    logRetention: 30\n    policies: {more: [{Effect: Allow, Action: 's3:GetObject', Resource: '*'}]}\n")
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
        self.assertEqual(EVERYTHING, self.moto.inventory())
        self.assert_quiet()

    def test_drift(self) -> None:
        self.assert_run(self.space.apply())
        iam, logs = self.moto.client("iam"), self.moto.client("logs")
        role = f"lark-tools-dev-runtime-lark-{REGION}"
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
        iam.put_role_policy(RoleName=role, PolicyName="runtime", PolicyDocument=json.dumps(document))
        control = self.moto.client(CONTROL)
        gateway = control.list_gateways()["items"][0]["gatewayId"]
        target = control.list_gateway_targets(gatewayIdentifier=gateway)["items"][0]["targetId"]
        control.delete_gateway_target(gatewayIdentifier=gateway, targetId=target)
        logs.delete_log_group(logGroupName=logs.describe_log_groups()["logGroups"][0]["logGroupName"])
        diff = self.assert_run(self.space.diff(), CHANGES)
        wanted = {"role_policy.runtime.lark": "update", "target.lark": "create", "log_group.runtime.lark": "create"}
        self.assertEqual(wanted, diff.changed, str(diff))
        self.assert_run(self.space.apply())
        self.assertEqual(EVERYTHING, self.moto.inventory())
        self.assertNotIn("s3:*", json.dumps(iam.get_role_policy(RoleName=role, PolicyName="runtime")["PolicyDocument"]))
        self.assert_quiet()

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
        self.moto.proxy.call("/_proxy/kill", False)
        check(killed.code in (0, -9), f"{killed}")
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
        numbers = range(1, len(entries) + 4)
        if not LONG:
            # Between two reads nothing can be lost; one kill before them stands for all.
            changing = {entry["n"] for entry in entries if entry["mutating"]}
            numbers = sorted(changing | {number + 1 for number in changing} | set(range(1, len(entries), 8)))
        points = [(number, when) for number in numbers for when in ("before", "after")]
        problems = sweep(points, Worker)
        if problems:
            self.fail(f"{len(problems)} problems:\n" + "\n\n".join(problems))

