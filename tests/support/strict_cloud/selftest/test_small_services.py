"""Logs, ECR, Secrets Manager, paging."""

from __future__ import annotations

from typing import Any

from .base import ACCOUNT, REGION, DoubleTest


class LogsTest(DoubleTest):
    """Log groups."""

    def test_life(self) -> None:
        logs = self.client("logs")
        logs.create_log_group(logGroupName="/a/b", tags={"a": "1"})
        logs.create_log_group(logGroupName="/a/bc")
        self.refused("ResourceAlreadyExistsException", logs.create_log_group, logGroupName="/a/b")
        self.refused("InvalidParameterException", logs.put_retention_policy, logGroupName="/a/b", retentionInDays=2)
        logs.put_retention_policy(logGroupName="/a/b", retentionInDays=30)
        first, second = logs.describe_log_groups(logGroupNamePrefix="/a/b")["logGroups"]
        self.assertEqual(
            ("/a/b", 30, "/a/bc"), (first["logGroupName"], first["retentionInDays"], second["logGroupName"])
        )
        self.assertEqual(first["logGroupArn"] + ":*", first["arn"])
        logs.delete_retention_policy(logGroupName="/a/b")
        self.assertNotIn("retentionInDays", logs.describe_log_groups(logGroupNamePrefix="/a/b")["logGroups"][0])
        arn = first["logGroupArn"]
        logs.tag_resource(resourceArn=arn, tags={"b": "2"})
        logs.untag_resource(resourceArn=arn, tagKeys=["a"])
        self.assertEqual({"b": "2"}, logs.list_tags_for_resource(resourceArn=arn)["tags"])
        self.refused("ResourceNotFoundException", logs.list_tags_for_resource, resourceArn=arn + "x")
        logs.delete_log_group(logGroupName="/a/b")
        self.refused("ResourceNotFoundException", logs.delete_log_group, logGroupName="/a/b")


class EcrTest(DoubleTest):
    """Seeded repositories."""

    def test_images(self) -> None:
        ecr, digests = self.client("ecr"), ["sha256:" + letter * 64 for letter in "ab"]
        self.refused("RepositoryNotFoundException", ecr.describe_images, repositoryName="tools")
        for digest in digests:
            self.admin("seed", {"ecr": [{"repository": "tools", "images": [{"tags": ["latest"], "digest": digest}]}]})
        image = ecr.describe_images(repositoryName="tools", imageIds=[{"imageTag": "latest"}])["imageDetails"][0]
        self.assertEqual(digests[1], image["imageDigest"])
        self.refused(
            "ImageNotFoundException", ecr.describe_images, repositoryName="tools", imageIds=[{"imageTag": "v9"}]
        )
        got = ecr.batch_get_image(repositoryName="tools", imageIds=[{"imageDigest": digests[0]}, {"imageTag": "v9"}])
        self.assertEqual((1, "ImageNotFound"), (len(got["images"]), got["failures"][0]["failureCode"]))
        self.assertEqual(
            f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/tools",
            ecr.describe_repositories()["repositories"][0]["repositoryUri"],
        )
        self.assertIn("authorizationToken", ecr.get_authorization_token()["authorizationData"][0])


class SecretsTest(DoubleTest):
    """Seeded secrets."""

    def test_read(self) -> None:
        arn = self.admin("seed", {"secrets": [{"name": "db", "string": "geheim", "suffix": "AbCdEf"}]})["secrets"][0]
        secrets = self.client("secretsmanager")
        for name in ("db", arn, arn[:-7]):
            self.assertEqual("geheim", secrets.get_secret_value(SecretId=name)["SecretString"])
        self.assertEqual(arn, secrets.describe_secret(SecretId="db")["ARN"])
        self.refused("ResourceNotFoundException", secrets.get_secret_value, SecretId="nothing")
        self.refused("NotModelledByTestDouble", secrets.create_secret, Name="x")


class PagingTest(DoubleTest):
    """Tokens are opaque, pages are short, some are empty."""

    def pages(self, call: Any, items: str, token_in: str, token_out: str, **params: Any) -> list[list[Any]]:
        """All pages of a listing."""
        pages, token = [], None
        while True:
            answer = call(**params, **({token_in: token} if token else {}))
            pages.append(answer[items])
            token = answer.get(token_out)
            if not token:
                return pages

    def test_pages_and_empty_pages(self) -> None:
        control = self.client("bedrock-agentcore-control")
        for index in range(5):
            control.create_workload_identity(name=f"identity-{index}")
        sizes = set()
        for _ in range(2):
            pages = self.pages(control.list_workload_identities, "workloadIdentities", "nextToken", "nextToken")
            self.assertEqual(5, len({item["name"] for page in pages for item in page}))
            sizes.add(tuple(len(page) for page in pages))
        self.assertEqual({(2, 0, 2, 1), (2, 2, 1)}, sizes)
        pages = self.pages(
            control.list_workload_identities, "workloadIdentities", "nextToken", "nextToken", maxResults=1
        )
        self.assertEqual({0, 1}, {len(page) for page in pages})
        self.assertEqual(5, sum(len(page) for page in pages))
        self.refused("ValidationException", control.list_workload_identities, nextToken="nonsense")
        token = control.list_workload_identities(maxResults=1)["nextToken"]
        self.refused("ValidationException", control.list_api_key_credential_providers, nextToken=token)

    def test_other_services(self) -> None:
        iam, idp, logs = self.client("iam"), self.client("cognito-idp"), self.client("logs")
        for index in range(5):
            self.role(f"r{index}")
            idp.create_user_pool(PoolName="same")
            logs.create_log_group(logGroupName=f"/g{index}")
        for pages in (
            self.pages(iam.list_roles, "Roles", "Marker", "Marker"),
            self.pages(idp.list_user_pools, "UserPools", "NextToken", "NextToken", MaxResults=60),
            self.pages(logs.describe_log_groups, "logGroups", "nextToken", "nextToken"),
        ):
            self.assertEqual(5, sum(len(page) for page in pages))
            self.assertGreater(len(pages), 2)

    def test_a_page_survives_a_deletion(self) -> None:
        logs = self.client("logs")
        for index in range(4):
            logs.create_log_group(logGroupName=f"/g{index}")
        self.admin("config", {"empty_pages": False})
        token = logs.describe_log_groups()["nextToken"]
        logs.delete_log_group(logGroupName="/g0")
        rest = logs.describe_log_groups(nextToken=token)["logGroups"]
        self.assertEqual(["/g2", "/g3"], [group["logGroupName"] for group in rest])

    def test_shuffle(self) -> None:
        self.admin("config", {"shuffle": True, "page_size": 50})
        idp = self.client("cognito-idp")
        pool = idp.create_user_pool(PoolName="p")["UserPool"]["Id"]
        scopes = [{"ScopeName": name, "ScopeDescription": "d"} for name in "abc"]
        got = idp.create_resource_server(UserPoolId=pool, Identifier="i", Name="n", Scopes=scopes)["ResourceServer"]
        self.assertEqual(["c", "b", "a"], [scope["ScopeName"] for scope in got["Scopes"]])
