"""ECR, read only; repositories and images are seeded through the admin API.  AWS: ECR API reference."""

from __future__ import annotations

import base64
import json
from typing import Any

from ..context import Context, operation
from ..errors import NotModelled, ServiceError
from ..store import Placed, Record, partition

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def host(account: str, region: str) -> str:
    """The registry's host name."""
    return f"{account}.dkr.ecr.{region}.amazonaws.com" + (".cn" if partition(region) == "aws-cn" else "")


def get(context: Context, name: str, registry: str | None = None) -> Record:
    """A repository, maybe of another account's registry."""
    account = registry or context.account
    found = context.cloud.find("ecr-repository", account, context.region, name)
    if found is None:
        raise ServiceError(
            "RepositoryNotFoundException",
            f"The repository with name '{name}' does not exist in the registry with id '{account}'",
        )
    return found


def seed(context: Context, entry: dict[str, Any]) -> None:
    """{"repository", "images": [{"tags", "digest", "architecture", "size", "manifest"}]}; adds to what is there."""
    name = entry["repository"]
    repository = context.find("ecr-repository", name) or context.new(
        "ecr-repository", name, name, arn=context.arn("ecr", f"repository/{name}"), hidden={"images": []}
    )
    for image in entry.get("images", []):
        tags = list(image.get("tags", []))
        for other in repository.hidden["images"]:
            other["tags"] = [tag for tag in other["tags"] if tag not in tags]
        manifest = image.get("manifest") or {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "size": 100,
                "digest": "sha256:" + "c" * 64,
            },
            "layers": [],
            "annotations": {"architecture": image.get("architecture", "arm64")},
        }
        repository.hidden["images"] = [
            other for other in repository.hidden["images"] if other["digest"] != image["digest"]
        ]
        repository.hidden["images"].append(
            {
                "tags": tags,
                "digest": image["digest"],
                "manifest": json.dumps(manifest),
                "mediaType": manifest.get("mediaType", MANIFEST),
                "size": image.get("size", 1_000_000),
                "pushed": context.now,
            }
        )


def find_image(repository: Record, wanted: dict[str, str]) -> dict[str, Any] | None:
    """The image with this tag and/or digest."""
    return next(
        (
            image
            for image in repository.hidden["images"]
            if wanted.get("imageTag") in (None, *image["tags"]) and wanted.get("imageDigest") in (None, image["digest"])
        ),
        None,
    )


def _page(context: Context, values: list[Any], params: dict[str, Any]) -> tuple[list[Any], str | None]:
    chosen, token = context.page(
        [Placed(index, value) for index, value in enumerate(values)],
        params,
        bad_token=lambda: ServiceError("InvalidParameterException", "Invalid parameter at 'nextToken'"),
    )
    return [item.value for item in chosen], token


@operation("ecr", "DescribeRepositories")
def describe_repositories(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """By names, or all."""
    registry = params.get("registryId", context.account)
    if "repositoryNames" in params:
        if "nextToken" in params or "maxResults" in params:
            raise ServiceError("InvalidParameterException", "repositoryNames excludes nextToken and maxResults")
        chosen, token = [get(context, name, registry) for name in params["repositoryNames"]], None
    else:
        chosen, token = _page(context, context.cloud.all("ecr-repository", registry, context.region), params)
    return {
        "repositories": [
            {
                "repositoryArn": item.arn,
                "registryId": item.account,
                "repositoryName": item.name,
                "repositoryUri": f"{host(item.account, item.region)}/{item.name}",
                "createdAt": item.created,
                "imageTagMutability": "MUTABLE",
                "imageScanningConfiguration": {"scanOnPush": False},
                "encryptionConfiguration": {"encryptionType": "AES256"},
            }
            for item in chosen
        ],
        "nextToken": token,
    }


@operation("ecr", "DescribeImages")
def describe_images(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """By ids, or all."""
    repository = get(context, params["repositoryName"], params.get("registryId"))
    images, token = repository.hidden["images"], None
    if "imageIds" in params:
        found = []
        for wanted in params["imageIds"]:
            if not wanted:
                raise ServiceError("InvalidParameterException", "an image identifier needs a tag or a digest")
            image = find_image(repository, wanted)
            if image is None:
                raise ServiceError(
                    "ImageNotFoundException",
                    f"The image with imageId {wanted} does not exist within "
                    f"the repository with name '{repository.name}' in the registry with id "
                    f"'{repository.account}'",
                )
            found.append(image)
        images = found
    elif params.get("filter", {}).get("imageStatus") not in (None, "ACTIVE", "ANY"):
        raise NotModelled("archived images")
    else:
        status = params.get("filter", {}).get("tagStatus", "ANY")
        images = [image for image in images if status == "ANY" or bool(image["tags"]) == (status == "TAGGED")]
        images, token = _page(context, images, params)
    return {
        "imageDetails": [
            {
                "registryId": repository.account,
                "repositoryName": repository.name,
                "imageDigest": image["digest"],
                "imageTags": image["tags"] or None,
                "imageSizeInBytes": image["size"],
                "imagePushedAt": image["pushed"],
                "imageManifestMediaType": image["mediaType"],
            }
            for image in images
        ],
        "nextToken": token,
    }


@operation("ecr", "BatchGetImage")
def batch_get_image(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Missing images are `failures` of a successful answer."""
    repository = get(context, params["repositoryName"], params.get("registryId"))
    images, failures = [], []
    for wanted in params["imageIds"]:
        image = find_image(repository, wanted) if wanted else None
        if image is None:
            code = "ImageNotFound" if wanted else "MissingDigestAndTag"
            failures.append({"imageId": wanted, "failureCode": code, "failureReason": "Requested image not found"})
            continue
        images.append(
            {
                "registryId": repository.account,
                "repositoryName": repository.name,
                "imageId": {"imageDigest": image["digest"], **wanted},
                "imageManifest": image["manifest"],
                "imageManifestMediaType": image["mediaType"],
            }
        )
    return {"images": images, "failures": failures}


@operation("ecr", "GetAuthorizationToken")
def get_authorization_token(context: Context, _params: dict[str, Any]) -> dict[str, Any]:
    """Base64 of AWS:password, for 12 hours."""
    token = base64.b64encode(b"AWS:double-" + context.account.encode()).decode()
    return {
        "authorizationData": [
            {
                "authorizationToken": token,
                "expiresAt": context.now + 12 * 3600,
                "proxyEndpoint": f"https://{host(context.account, context.region)}",
            }
        ]
    }
