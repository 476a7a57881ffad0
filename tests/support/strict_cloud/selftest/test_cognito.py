"""User pools, domains, resource servers, clients."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from .base import ACCOUNT, OTHER_KEY, DoubleTest


class CognitoTest(DoubleTest):
    """cognito-idp."""

    def setUp(self) -> None:
        super().setUp()
        self.idp = self.client("cognito-idp")

    def pool(self, **more: Any) -> str:
        """A pool's id."""
        return self.idp.create_user_pool(PoolName="mcp", **more)["UserPool"]["Id"]

    def scope(self, pool: str) -> str:
        """A resource server with one scope."""
        self.idp.create_resource_server(
            UserPoolId=pool,
            Identifier="MyGateway",
            Name="MyGateway",
            Scopes=[{"ScopeName": "invoke", "ScopeDescription": "Invoke"}],
        )
        return "MyGateway/invoke"

    def machine(self, pool: str, scope: str, **more: Any) -> dict[str, Any]:
        """A client for client_credentials."""
        return self.idp.create_user_pool_client(
            **{
                "UserPoolId": pool,
                "ClientName": "c",
                "GenerateSecret": True,
                "AllowedOAuthFlows": ["client_credentials"],
                "AllowedOAuthFlowsUserPoolClient": True,
                "AllowedOAuthScopes": [scope],
                "SupportedIdentityProviders": ["COGNITO"],
                **more,
            }
        )["UserPoolClient"]

    def test_names_are_not_unique(self) -> None:
        self.assertNotEqual(self.pool(), self.pool())

    def test_a_pool_gets_many_members(self) -> None:
        pool = self.idp.describe_user_pool(UserPoolId=self.pool(UserPoolTags={"a": "1"}))["UserPool"]
        self.assertEqual("ESSENTIALS", pool["UserPoolTier"])
        self.assertEqual("INACTIVE", pool["DeletionProtection"])
        self.assertIn("sub", [attribute["Name"] for attribute in pool["SchemaAttributes"]])
        self.assertEqual({"a": "1"}, pool["UserPoolTags"])

    def test_an_update_resets_what_is_left_out(self) -> None:
        pool = self.pool(
            AdminCreateUserConfig={"AllowAdminCreateUserOnly": True},
            UserPoolTags={"a": "1"},
            Policies={"PasswordPolicy": {"MinimumLength": 20}},
        )
        self.idp.update_user_pool(UserPoolId=pool, DeletionProtection="ACTIVE")
        got = self.idp.describe_user_pool(UserPoolId=pool)["UserPool"]
        self.assertFalse(got["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"])
        self.assertEqual(8, got["Policies"]["PasswordPolicy"]["MinimumLength"])
        self.assertEqual({}, got["UserPoolTags"])
        self.assertEqual("mcp", got["Name"])

    def test_what_describe_gives_cannot_just_be_sent_back(self) -> None:
        pool = self.pool()
        got = self.idp.describe_user_pool(UserPoolId=pool)["UserPool"]
        self.refused(
            "InvalidParameterException",
            self.idp.update_user_pool,
            UserPoolId=pool,
            Policies=got["Policies"],
            AdminCreateUserConfig=got["AdminCreateUserConfig"],
        )

    def test_domain_first_then_the_pool(self) -> None:
        pool = self.pool(DeletionProtection="ACTIVE")
        self.idp.create_user_pool_domain(Domain="stack-a1", UserPoolId=pool)
        describe = lambda: self.idp.describe_user_pool_domain(Domain="stack-a1")["DomainDescription"]  # noqa: E731
        self.assertEqual("CREATING", describe()["Status"])
        self.wait(describe, lambda domain: domain["Status"] == "ACTIVE")
        self.assertEqual("stack-a1", self.idp.describe_user_pool(UserPoolId=pool)["UserPool"]["Domain"])
        self.refused("InvalidParameterException", self.idp.delete_user_pool, UserPoolId=pool)
        self.idp.update_user_pool(UserPoolId=pool, DeletionProtection="INACTIVE")
        self.refused("InvalidParameterException", self.idp.delete_user_pool, UserPoolId=pool)
        self.idp.delete_user_pool_domain(Domain="stack-a1", UserPoolId=pool)
        self.wait(describe, lambda domain: domain == {})
        self.idp.delete_user_pool(UserPoolId=pool)
        self.refused("ResourceNotFoundException", self.idp.describe_user_pool, UserPoolId=pool)

    def test_domain_rules(self) -> None:
        pool, second = self.pool(), self.pool()
        for prefix in ("UPPER", "-a", "my-cognito", "aws1", "amazonas"):
            self.refused("InvalidParameterException", self.idp.create_user_pool_domain, Domain=prefix, UserPoolId=pool)
        self.idp.create_user_pool_domain(Domain="one", UserPoolId=pool)
        self.refused("InvalidParameterException", self.idp.create_user_pool_domain, Domain="two", UserPoolId=pool)
        self.refused("InvalidParameterException", self.idp.create_user_pool_domain, Domain="one", UserPoolId=second)
        other = self.client("cognito-idp", OTHER_KEY)
        theirs = other.create_user_pool(PoolName="p")["UserPool"]["Id"]
        self.refused("InvalidParameterException", other.create_user_pool_domain, Domain="one", UserPoolId=theirs)
        self.assertEqual({}, other.describe_user_pool_domain(Domain="one")["DomainDescription"])

    def test_resource_servers(self) -> None:
        pool = self.pool()
        self.scope(pool)
        self.refused(
            "InvalidParameterException",
            self.idp.create_resource_server,
            UserPoolId=pool,
            Identifier="MyGateway",
            Name="again",
        )
        self.idp.update_resource_server(UserPoolId=pool, Identifier="MyGateway", Name="New")
        server = self.idp.describe_resource_server(UserPoolId=pool, Identifier="MyGateway")["ResourceServer"]
        self.assertEqual(("New", []), (server["Name"], server["Scopes"]))
        self.assertEqual(1, len(self.idp.list_resource_servers(UserPoolId=pool, MaxResults=5)["ResourceServers"]))
        self.idp.delete_resource_server(UserPoolId=pool, Identifier="MyGateway")
        self.refused(
            "ResourceNotFoundException", self.idp.describe_resource_server, UserPoolId=pool, Identifier="MyGateway"
        )

    def test_clients(self) -> None:
        pool = self.pool()
        self.refused("ScopeDoesNotExistException", self.machine, pool, "MyGateway/invoke")
        scope = self.scope(pool)
        self.refused("InvalidOAuthFlowException", self.machine, pool, scope, GenerateSecret=False)
        self.refused(
            "InvalidOAuthFlowException", self.machine, pool, scope, AllowedOAuthFlows=["client_credentials", "code"]
        )
        self.refused("InvalidParameterException", self.machine, pool, scope, SupportedIdentityProviders=["Google"])
        client = self.machine(pool, scope, AccessTokenValidity=2)
        identifier = {"UserPoolId": pool, "ClientId": client["ClientId"]}
        self.assertGreaterEqual(len(client["ClientSecret"]), 24)
        self.assertEqual(
            (30, True, 3),
            (client["RefreshTokenValidity"], client["EnableTokenRevocation"], client["AuthSessionValidity"]),
        )
        self.idp.update_user_pool_client(**identifier, AccessTokenValidity=3)
        got = self.idp.describe_user_pool_client(**identifier)["UserPoolClient"]
        self.assertNotIn("AllowedOAuthScopes", got)
        self.assertEqual(("c", client["ClientSecret"]), (got["ClientName"], got["ClientSecret"]))
        self.assertEqual(
            [client["ClientId"]],
            [item["ClientId"] for item in self.idp.list_user_pool_clients(UserPoolId=pool)["UserPoolClients"]],
        )
        self.idp.delete_user_pool_client(**identifier)
        self.refused("ResourceNotFoundException", self.idp.describe_user_pool_client, **identifier)

    def test_secrets_are_in_no_log_and_no_dump(self) -> None:
        pool = self.pool()
        secret = self.machine(pool, self.scope(pool))["ClientSecret"]
        self.assertNotIn(secret, json.dumps(self.admin("log")) + json.dumps(self.admin("dump")))

    def test_tags(self) -> None:
        pool = self.pool()
        arn = f"arn:aws:cognito-idp:us-east-1:{ACCOUNT}:userpool/{pool}"
        self.idp.tag_resource(ResourceArn=arn, Tags={"a": "1", "b": "2"})
        self.idp.untag_resource(ResourceArn=arn, TagKeys=["a"])
        self.assertEqual({"b": "2"}, self.idp.list_tags_for_resource(ResourceArn=arn)["Tags"])
        self.refused("ResourceNotFoundException", self.idp.list_tags_for_resource, ResourceArn=arn + "x")

    def test_deleting_a_pool_takes_its_children(self) -> None:
        pool = self.pool()
        self.machine(pool, self.scope(pool))
        self.idp.delete_user_pool(UserPoolId=pool)
        self.assertEqual({}, self.kinds())

    def test_discovery_document(self) -> None:
        pool = self.pool()
        self.idp.create_user_pool_domain(Domain="one", UserPoolId=pool)
        with urllib.request.urlopen(f"{self.server.url}/{pool}/.well-known/openid-configuration") as answer:
            document = json.load(answer)
        self.assertEqual("https://one.auth.us-east-1.amazoncognito.com/oauth2/token", document["token_endpoint"])
