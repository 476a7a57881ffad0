"""What tests of other programs do to the embedded cloud: hold calls, seed images, assume what is not here."""

from __future__ import annotations

import json
import threading
from typing import Any

from .data_plane import DataPlaneTest
from .local_cloud import LocalTest

INTERNAL = "An internal error occurred"


class Held(LocalTest):
    """The faults block-before and block-after."""

    def hold(self, fault: str) -> tuple[threading.Thread, list[Any]]:
        """A CreateRepository that is held; what comes of it."""
        answers: list[Any] = []
        self.cloud.faults({"operation": "CreateRepository", "fault": fault})
        ecr = self.cloud.client("ecr")
        thread = threading.Thread(target=lambda: answers.append(ecr.create_repository(repositoryName="held")))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.cloud.release)
        self.assertEqual([{"service": "ecr", "operation": "CreateRepository"}], self.cloud.blocked())
        return thread, answers

    def let_go(self, thread: threading.Thread, answers: list[Any]) -> None:
        self.assertEqual([], answers)
        self.cloud.release()
        thread.join(60)
        self.assertEqual("held", answers[0]["repository"]["repositoryName"])
        self.assertEqual([], self.cloud.admin("GET", "/blocked"))
        self.assertEqual("held", self.cloud.one("repository")["id"])

    def test_before_the_work(self) -> None:
        thread, answers = self.hold("block-before")
        self.assertEqual([], self.cloud.objects("repository"))
        self.let_go(thread, answers)

    def test_after_the_work(self) -> None:
        thread, answers = self.hold("block-after")
        self.assertEqual("held", self.cloud.one("repository")["id"])
        # Others are served meanwhile.
        self.assertEqual(1, len(self.cloud.client("ecr").describe_repositories()["repositories"]))
        self.let_go(thread, answers)

    def test_ends_in_order_with_a_call_that_is_held(self) -> None:
        ended = type(self.cloud)()
        ended.faults({"operation": "CreateRepository", "fault": "block-after"})
        ecr = ended.client("ecr")

        def call() -> None:
            try:
                ecr.create_repository(repositoryName="held")
            except Exception:  # noqa: S110 -- it gets no answer, which is all that matters here
                pass

        thread = threading.Thread(target=call)
        thread.start()
        ended.blocked()
        self.assertEqual(0, ended.stop())
        thread.join(60)


class Seeded(LocalTest):
    """POST /seed and GET /objects."""

    def test_images_and_their_tags(self) -> None:
        for number in (1, 2):
            images = [{"tags": ["latest", f"v{number}"], "digest": f"sha256:{number:064}"}]
            self.cloud.seed(ecr=[{"repository": "tools", "images": images}])
        details = self.cloud.client("ecr").describe_images(repositoryName="tools")["imageDetails"]
        self.assertEqual(
            {f"sha256:{1:064}": ["v1"], f"sha256:{2:064}": ["latest", "v2"]},
            {detail["imageDigest"]: detail.get("imageTags", []) for detail in details},
        )

    def test_roles_are_shown_with_their_policies(self) -> None:
        iam = self.cloud.client("iam")
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
        lambda_may = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        trust = {"Version": "2012-10-17", "Statement": [lambda_may]}
        iam.create_role(RoleName="worker", AssumeRolePolicyDocument=json.dumps(trust))
        iam.put_role_policy(RoleName="worker", PolicyName="files", PolicyDocument=json.dumps(document))
        data = self.cloud.one("role")["data"]
        self.assertEqual({"files": document}, data["inline"])
        self.assertEqual(trust, data["trust"])


class Assumed(DataPlaneTest):
    """Targets that cannot be asked from here, and servers that are cold."""

    AWAY = "https://mcp.example.invalid/mcp"

    def keyed_target(self, kind: dict[str, Any]) -> dict[str, Any]:
        provider = self.control.create_api_key_credential_provider(name="key", apiKey="a key")
        return self.target(
            self.gateway(),
            kind,
            credentialProviderConfigurations=[
                {
                    "credentialProviderType": "API_KEY",
                    "credentialProvider": {
                        "apiKeyCredentialProvider": {
                            "providerArn": provider["credentialProviderArn"],
                            "credentialLocation": "HEADER",
                            "credentialParameterName": "X-Key",
                        }
                    },
                }
            ],
        )

    def test_targets_that_lead_away_are_ready_without_tools(self) -> None:
        self.cloud.configure(assume_targets=True)
        gateway = self.gateway()
        self.assertEqual("READY", self.server_target(gateway, self.AWAY)["status"])
        self.assertEqual([], self.tools(gateway["gatewayUrl"]))

    def test_servers_of_this_machine_are_asked_all_the_same(self) -> None:
        self.cloud.configure(assume_targets=True)
        target = self.server_target(self.gateway(), "http://127.0.0.1:9/mcp")
        self.assertEqual("FAILED", target["status"])

    def test_kinds_that_are_not_here(self) -> None:
        self.cloud.configure(assume_targets=True)
        target = self.keyed_target({"openApiSchema": {"inlinePayload": "{}"}})
        self.assertEqual("READY", target["status"], target)

    def test_without_the_knob_they_fail(self) -> None:
        self.assertEqual("FAILED", self.server_target(self.gateway(), self.AWAY)["status"])
        self.cloud.reset()
        self.setUp()
        target = self.keyed_target({"openApiSchema": {"inlinePayload": "{}"}})
        self.assertEqual("FAILED", target["status"], target)

    def test_a_cold_runtime_is_found_when_somebody_has_called_it(self) -> None:
        self.cloud.configure(cold=True)
        self.command("lark")
        arn, gateway = self.runtime(), self.gateway()
        target = self.runtime_target(gateway, arn)
        self.assertEqual("FAILED", target["status"], target)
        self.assertIn(INTERNAL, target["statusReasons"][0])
        self.assertEqual(200, self.invoke(arn, "tools/list")["statusCode"])
        self.control.synchronize_gateway_targets(
            gatewayIdentifier=gateway["gatewayId"], targetIdList=[target["targetId"]]
        )
        self.assertEqual("READY", self.get_target(gateway, target["targetId"])["status"])
