"""The discovery document of a user pool, which is public.  AWS: Cognito, "Token issuer endpoints"."""

from __future__ import annotations

import json
import re

from .dispatch import Dispatcher, Request
from .encode import Answer

_PATH = re.compile(r"/([\w-]+_[0-9a-zA-Z]+)/\.well-known/openid-configuration")


def discovery(dispatcher: Dispatcher, request: Request) -> Answer | None:
    """The document; None when the request is for something else.  It is not logged: it needs no key."""
    match = _PATH.fullmatch(request.target)
    if request.method != "GET" or not match:
        return None
    headers = {"Content-Type": "application/json"}
    with dispatcher.lock:
        cloud = dispatcher.cloud
        cloud.tick(cloud.clock())
        pool = next((pool for pool in cloud.all("user-pool", None, None) if pool.key == match.group(1)), None)
        if pool is None:
            return Answer(400, headers, json.dumps({"message": "User pool does not exist."}).encode())
        domain = next(iter(cloud.all("user-pool-domain", pool.account, pool.region, pool)), None)
    suffix = "amazonaws.com" + (".cn" if pool.region.startswith("cn-") else "")
    issuer = f"https://cognito-idp.{pool.region}.{suffix}/{pool.key}"
    host = f"https://{domain.name}.auth.{pool.region}.amazoncognito.com" if domain else ""
    document = {
        "issuer": issuer,
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "token"],
        "scopes_supported": ["openid", "email", "phone", "profile"],
        "subject_types_supported": ["public"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    }
    if host:
        document |= {
            "authorization_endpoint": f"{host}/oauth2/authorize",
            "token_endpoint": f"{host}/oauth2/token",
            "userinfo_endpoint": f"{host}/oauth2/userInfo",
        }
    return Answer(200, headers, json.dumps(document).encode())
