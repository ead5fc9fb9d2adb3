"""Who sends what: one function for each shape of body, which gives claims or nothing if the shape is another's.

A claim is (action, host, repository, tag, digest), any of them possibly garbage: who calls checks. Sources: the
notifications' documentation of distribution, Harbor, Quay, Docker, GitHub, Azure, AWS, Google, JFrog, Sonatype and zot.
"""

import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from typing import Any

Claim = tuple[Any, Any, Any, Any, Any]
Event = dict[str, Any]


def claims(event: Event) -> Iterator[Claim]:
    for sender in _SENDERS:
        yield from sender(event)


def distribution(event: Event) -> Iterator[Claim]:
    """An envelope of events; also GitLab with its own registry, and Azure without the envelope.

    Deleting an image sends its digest alone, and then each of its tags without one.
    """
    for one in _list(event, "events") or ([event] if "target" in event else []):
        target, request = _dict(one, "target"), _dict(one, "request")
        yield (
            _get(one, "action"),
            request.get("host"),
            target.get("repository"),
            target.get("tag"),
            target.get("digest"),
        )


def azure_event_grid(event: Event) -> Iterator[Claim]:
    kinds = {"Microsoft.ContainerRegistry.ImagePushed": "push", "Microsoft.ContainerRegistry.ImageDeleted": "delete"}
    action = kinds.get(str(event.get("eventType") or event.get("type")))
    target, request = _dict(_dict(event, "data"), "target"), _dict(_dict(event, "data"), "request")
    if action:
        yield action, request.get("host"), target.get("repository"), target.get("tag"), target.get("digest")


def harbor(event: Event) -> Iterator[Claim]:
    """Its own format, that of before 2.0, and its CloudEvents; the `tag` of what was moved by digest is a digest."""
    kinds = {
        "PUSH_ARTIFACT": "push",
        "DELETE_ARTIFACT": "delete",
        "pushImage": "push",
        "deleteImage": "delete",
        "harbor.artifact.pushed": "push",
        "harbor.artifact.deleted": "delete",
    }
    action = kinds.get(str(event.get("type")))
    data = _dict(event, "event_data") or _dict(event, "data")
    name = _dict(data, "repository").get("repo_full_name")
    for resource in _list(data, "resources") if action else ():
        host = str(_get(resource, "resource_url")).partition("/")[0]
        yield action, host, name, _get(resource, "tag"), _get(resource, "digest")


def quay(event: Event) -> Iterator[Claim]:
    """`updated_tags` is a list of names, and once was a map from names to ids; digests are not told."""
    url = event.get("docker_url")
    if isinstance(url, str) and "updated_tags" in event:
        tags = event["updated_tags"]
        for tag in tags if isinstance(tags, list | dict) else ():
            yield "push", url.partition("/")[0], event.get("repository"), tag, None


def docker_hub(event: Event) -> Iterator[Claim]:
    """Also Aliyun, which tells the digest and a region in place of the host."""
    pushed, repository = _dict(event, "push_data"), _dict(event, "repository")
    name = repository.get("repo_full_name") or repository.get("repo_name")
    region = repository.get("region")
    host = f"registry.{region}.aliyuncs.com" if region else "docker.io"
    if pushed:
        yield "push", host, name, pushed.get("tag"), pushed.get("digest")


def github(event: Event) -> Iterator[Claim]:
    """Names come in the case of their owners; what was pushed by digest alone has an empty tag."""
    package = _dict(event, "package") or _dict(event, "registry_package")
    version = _dict(package, "package_version")
    tag = _dict(_dict(version, "container_metadata"), "tag")
    is_container = str(package.get("package_type")).lower() == "container"
    if is_container and event.get("action") in ("published", "updated"):
        owner = package.get("namespace") or _dict(package, "owner").get("login")
        yield "push", "ghcr.io", f"{owner}/{package.get('name')}", tag.get("name"), tag.get("digest")


def gitea(event: Event) -> Iterator[Claim]:
    """Gitea and Forgejo; the version is the tag, and a digest for the images of an index."""
    package, action = _dict(event, "package"), {"created": "push", "deleted": "delete"}.get(str(event.get("action")))
    if package.get("type") == "container" and action:
        name = f"{_dict(package, 'owner').get('login')}/{package.get('name')}"
        host = re.match(r"https?://([^/]+)/", str(package.get("html_url")))
        yield action, host and host[1], name, package.get("version"), None


def google(event: Event) -> Iterator[Claim]:
    """Pub/Sub: the message is JSON in base64, its names are full references; `tag` is absent for pushes by digest."""
    try:
        message = json.loads(b64decode(str(_dict(event, "message").get("data", ""))))
    except (ValueError, RecursionError):
        return
    action = {"INSERT": "push", "DELETE": "delete"}.get(str(_get(message, "action")))
    name, colon, tag = str(_get(message, "tag")).rpartition(":")
    host, _slash, repository = name.partition("/")
    if action and colon:
        yield action, host, repository, tag, str(_get(message, "digest")).rpartition("@")[2]


def amazon(event: Event) -> Iterator[Claim]:
    """EventBridge as it comes, or made a CloudEvent by an input transformer; account and region make the host."""
    detail, kinds = _dict(event, "detail"), {"PUSH": "push", "DELETE": "delete"}
    if event.get("source") == "aws.ecr" and detail.get("result") == "SUCCESS":
        action, host = kinds.get(str(detail.get("action-type"))), _ecr(event.get("account"), event.get("region"))
        yield action, host, detail.get("repository-name"), detail.get("image-tag"), detail.get("image-digest")
    kind = re.fullmatch(r"com\.amazon\.ecr\.image\.(push|delete)", str(event.get("type")))
    if kind:
        data = _dict(event, "data")
        parts = [*str(event.get("source")).split(":"), *[""] * 5]
        yield (
            kind[1],
            _ecr(parts[4], parts[3]),
            data.get("repositoryName"),
            data.get("imageTag"),
            data.get("imageDigest"),
        )


def artifactory(event: Event) -> Iterator[Claim]:
    data, kinds = _dict(event, "data"), {"pushed": "push", "promoted": "push", "deleted": "delete"}
    if event.get("domain") == "docker":
        digest = f"sha256:{data.get('sha256')}"
        name = data.get("image_name")
        yield kinds.get(str(event.get("event_type"))), None, f"{data.get('repo_key')}/{name}", data.get("tag"), digest


def nexus(event: Event) -> Iterator[Claim]:
    """A component's name is the image's, and the address of its repository is not told."""
    component, kinds = _dict(event, "component"), {"CREATED": "push", "UPDATED": "push", "DELETED": "delete"}
    if component.get("format") == "docker":
        yield kinds.get(str(event.get("action"))), None, component.get("name"), component.get("version"), None


def zot(event: Event) -> Iterator[Claim]:
    kinds = {"zotregistry.image.updated": "push", "zotregistry.image.deleted": "delete"}
    data = _dict(event, "data")
    action = kinds.get(str(event.get("type")))
    if action:
        yield action, None, data.get("name"), data.get("reference"), data.get("digest")


_SENDERS: tuple[Callable[[Event], Iterator[Claim]], ...] = (
    distribution, azure_event_grid, harbor, quay, docker_hub, github, gitea, google, amazon, artifactory, nexus, zot,
)  # fmt: skip


def _ecr(account: object, region: object) -> str:
    return f"{account}.dkr.ecr.{region}.amazonaws.com"


def _get(value: object, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _dict(value: object, key: str) -> Event:
    found = _get(value, key)
    return found if isinstance(found, dict) else {}


def _list(value: object, key: str) -> list[Any]:
    found = _get(value, key)
    return found if isinstance(found, list) else []
