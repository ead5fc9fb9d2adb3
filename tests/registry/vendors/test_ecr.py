import hashlib
import hmac
import json
import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from tags.registry import Catalog, CredentialsRefused, Listing, Past, RateLimited, Settings
from tags.registry.vendors.ecr import Ecr
from tests.fakeregistry import Answer, FakeRegistry, Recorded
from tests.faults import status
from tests.registry.vendors.polls import REFUSALS, digests, remembered

APP = "shop/app"
KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
PASSWORD = "docker-password"
AMAZON = "^/$"
JSON = "application/x-amz-json-1.1"
SIGNATURE = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>\w+)/(?P<scope>\d{8}/(?P<region>[\w-]+)/ecr/aws4_request), "
    r"SignedHeaders=(?P<headers>[\w;-]+), Signature=(?P<signature>[0-9a-f]{64})"
)


class FakeEcr(FakeRegistry):
    """The registry's own side wants the docker password, the API's a request that is signed with `secret`."""

    def __init__(self) -> None:
        super().__init__(auth="basic", username="AWS", password=PASSWORD)
        self.secret = SECRET
        self.session_token: str | None = None
        self.region = "us-east-1"
        self.most = 1000
        self.untagged: list[object] = [{"imageDigest": f"sha256:{'0' * 64}", "registryId": "012345678901"}]
        self.expires = datetime(2100, 1, 1, tzinfo=UTC)

    def settings(self, **changes: Any) -> Settings:
        return super().settings(**{"username": KEY, "secret": SECRET, **changes})

    def answer(self, request: Recorded) -> Answer:
        if request.path != "/":
            return super().answer(request)
        if not self._is_signed(request):
            return refusal("UnrecognizedClientException")
        target, _, action = request.headers["X-Amz-Target"].partition(".")
        assert target == "AmazonEC2ContainerRegistry_V20150921"
        actions = {
            "DescribeImages": self._images,
            "DescribeRepositories": self._repositories,
            "GetAuthorizationToken": self._password,
        }
        return actions[action](json.loads(request.body))

    def _images(self, asked: Mapping[str, Any]) -> Answer:
        assert asked["filter"] == {"tagStatus": "TAGGED"}
        held = self.repositories.get(asked["repositoryName"])
        if held is None:
            return refusal("RepositoryNotFoundException")
        tags: dict[str, list[str]] = {}
        for tag, digest in held.items():
            tags.setdefault(digest, []).append(tag)
        images = [
            {
                "imageDigest": digest,
                "imageTags": names,
                "imagePushedAt": 1.6188651e9,
                "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
                "registryId": "012345678901",
                "repositoryName": asked["repositoryName"],
            }
            for digest, names in tags.items()
        ]
        return self._part("imageDetails", [*images, *self.untagged], asked)

    def _repositories(self, asked: Mapping[str, Any]) -> Answer:
        return self._part("repositories", [{"repositoryName": name} for name in sorted(self.repositories)], asked)

    def _part(self, key: str, entries: list[Any], asked: Mapping[str, Any]) -> Answer:
        begin, end = (
            int(asked.get("nextToken", 0)),
            int(asked.get("nextToken", 0)) + min(self.most, asked["maxResults"]),
        )
        more = {"nextToken": str(end)} if end < len(entries) else {}
        return told({key: entries[begin:end], **more})

    def _password(self, _asked: Mapping[str, Any]) -> Answer:
        token = b64encode(f"AWS:{self.password}".encode()).decode()
        bought = {"authorizationToken": token, "expiresAt": self.expires.timestamp(), "proxyEndpoint": self.url}
        return told({"authorizationData": [bought]})

    def _is_signed(self, request: Recorded) -> bool:
        """By the steps of Amazon's documentation, without the library that signs."""
        found = SIGNATURE.fullmatch(request.headers.get("Authorization", ""))
        if not found or found["key"] != KEY or found["region"] != self.region:
            return False
        names = found["headers"].split(";")
        if not {"host", "x-amz-date", "x-amz-target"} <= set(names):
            return False
        if self.session_token is not None and request.headers.get("x-amz-security-token") != self.session_token:
            return False
        headers = "".join(f"{name}:{request.headers[name].strip()}\n" for name in names)
        body = hashlib.sha256(request.body).hexdigest()
        canonical = f"POST\n/\n\n{headers}\n{found['headers']}\n{body}"
        date, scope = request.headers["x-amz-date"], found["scope"]
        text = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = f"AWS4{self.secret}".encode()
        for step in (*scope.split("/"), text):
            key = hmac.digest(key, step.encode(), "sha256")
        return hmac.compare_digest(key.hex(), found["signature"])


def told(body: object) -> Answer:
    return Answer(200, {"Content-Type": JSON}, json.dumps(body).encode())


def refusal(exception: str) -> Answer:
    body = {"__type": f"com.amazonaws.ecr#{exception}", "message": "no"}
    return Answer(400, {"Content-Type": JSON}, json.dumps(body).encode())


@pytest.fixture
def ecr():
    with FakeEcr() as ecr:
        for number in range(8):
            ecr.push(APP, f"1.{number}")
        yield ecr


def look(ecr: FakeEcr, seen: Past | None = None, **settings: Any) -> Listing:
    with Ecr(ecr.settings(**settings)) as client:
        return client.listing(APP, past=seen)


def test_five_hundred_tags_cost_one_request(ecr):
    for number in range(500):
        ecr.push(APP, f"1.{number}")
    first = look(ecr)
    second = look(ecr, remembered(first))
    assert len(second.tags) == 500
    assert digests(first) == digests(second) == ecr.repositories[APP]
    assert (first.requests, second.requests) == (1, 1)
    assert second.proves_absence


def test_several_tags_of_one_image_and_several_parts_of_an_answer_come_together(ecr):
    ecr.move(APP, "1.0", "1.1")
    ecr.most = 3
    listing = look(ecr)
    assert digests(listing) == ecr.repositories[APP]
    assert listing.requests == 3
    assert {seen.media_type for seen in listing.observations} == {"application/vnd.oci.image.manifest.v1+json"}
    assert {seen.pushed_at for seen in listing.observations} == {None}


def test_a_move_a_new_tag_and_a_deletion_are_seen(ecr):
    first = look(ecr)
    moved, new = ecr.move(APP, "1.0", "1.1"), ecr.push(APP, "2.0")
    ecr.delete(APP, "1.2")
    second = look(ecr, remembered(first))
    assert digests(second)["1.0"] == moved
    assert digests(second)["2.0"] == new
    assert "1.2" not in second.tags
    assert second.proves_absence


def test_the_secret_key_is_sent_to_nobody(ecr):
    ecr.fault(status(500), path=AMAZON, times=1)
    assert digests(look(ecr)) == ecr.repositories[APP]
    assert len(ecr.asked("/manifests/")) == 8
    for secret in (SECRET, b64encode(f"{KEY}:{SECRET}".encode()).decode()):
        assert all(secret not in f"{r.path}{r.headers}{r.body}" for r in ecr.requests)


def test_a_temporary_key_brings_its_session_token(ecr):
    ecr.session_token = "FwoGZXIvYXdzEXAMPLE//token=="
    assert look(ecr, secret=f"{SECRET}:{ecr.session_token}").requests == 1


def test_one_password_is_bought_for_all_that_goes_the_plain_way(ecr):
    ecr.fault(status(500), path=AMAZON, times=1)
    with Ecr(ecr.settings()) as client:
        client.listing(APP)
        client.listing(APP)
        client.check()
    assert _asked_for(ecr, "GetAuthorizationToken") == 1


def test_a_password_that_has_ended_or_is_refused_is_bought_anew(ecr):
    with Ecr(ecr.settings()) as client:
        client.check()
        ecr.password = "another"
        client.check()
        assert _asked_for(ecr, "GetAuthorizationToken") == 2
        ecr.expires, ecr.password = datetime(2001, 1, 1, tzinfo=UTC), "a third"
        client.check()
        client.check()
        assert _asked_for(ecr, "GetAuthorizationToken") == 4


def _asked_for(ecr: FakeEcr, action: str) -> int:
    return sum(r.headers["X-Amz-Target"].endswith(action) for r in ecr.asked(AMAZON, "POST"))


def test_a_ready_docker_password_goes_the_plain_way(ecr):
    listing = look(ecr, username="AWS", secret=PASSWORD)
    assert digests(listing) == ecr.repositories[APP]
    assert ecr.asked(AMAZON) == []


def test_a_wrong_key_is_said_to_be_refused(ecr):
    listing = look(ecr, secret="wrong")
    assert isinstance(listing.error, CredentialsRefused)
    assert not listing.complete
    with Ecr(ecr.settings(secret="wrong")) as client, pytest.raises(CredentialsRefused, match="refused the access key"):
        client.check()


@pytest.mark.parametrize("exception", ["ThrottlingException", "TooManyRequestsException"])
def test_too_many_requests_are_not_answered_with_more(ecr, exception):
    ecr.fault(lambda exchange: exchange.answer(refusal(exception)), path=AMAZON)
    listing = look(ecr)
    assert isinstance(listing.error, RateLimited)
    assert listing.requests == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b'{"imageDetails":[]}',
        b'{"imageDetails":null}',
        b'{"imageDetails":[null]}',
        b'{"imageDetails":[],"nextToken":["x"]}',
        b'{"imageDetails":[],"nextToken":"x"}',
    ],
)
def test_an_answer_without_tags_leads_to_the_plain_way_and_removes_nothing(ecr, body):
    first = look(ecr)

    def images(exchange: Any) -> bool | None:
        if not exchange.request.headers["X-Amz-Target"].endswith("DescribeImages"):
            return False
        return exchange.answer(Answer(200, {"Content-Type": JSON}, body))

    ecr.fault(images, path=AMAZON)
    listing = look(ecr, remembered(first))
    assert digests(listing) == digests(first)
    assert listing.complete


def test_hostile_entries_cost_no_other_tag(ecr):
    held = ecr.repositories[APP]
    ecr.untagged = [
        {"imageDigest": "latest", "imageTags": ["1.0"]},
        {"imageDigest": held["1.0"], "imageTags": ["a\nb", None, {}]},
        {"imageDigest": held["1.0"], "imageTags": "1.3"},
        {"imageTags": ["1.1"]},
        {},
    ]
    listing = look(ecr)
    assert digests(listing) == held
    assert listing.refused_names == 3


@pytest.mark.parametrize("fault", REFUSALS)
def test_a_refused_question_leads_to_the_plain_way(ecr, fault):
    ecr.fault(fault, path=AMAZON, times=1)
    assert digests(look(ecr)) == ecr.repositories[APP]


@pytest.mark.parametrize(
    "bought",
    [
        {},
        {"authorizationData": [{}]},
        {"authorizationData": [{"authorizationToken": 7}]},
        {"authorizationData": [{"authorizationToken": "no base 64"}]},
        {"authorizationData": [{"authorizationToken": b64encode(b"root:secret").decode()}]},
        {"authorizationData": [{"authorizationToken": b64encode(b"AWS:").decode()}]},
    ],
)
def test_a_password_that_is_none_is_a_bad_answer(ecr, bought):
    ecr.fault(lambda exchange: exchange.answer(told(bought)), path=AMAZON)
    with Ecr(ecr.settings()) as client:
        listing = client.listing(APP)
        assert listing.error is not None
        assert not listing.complete


def test_the_catalog_comes_from_the_api(ecr):
    ecr.most = 2
    for name in ("a", "b/c", "d"):
        ecr.push(name, "1.0")
    with Ecr(ecr.settings()) as client:
        assert client.catalog() == Catalog(("a", "b/c", "d", APP), True, None)
    assert ecr.asked("_catalog") == []


def test_a_catalog_that_cannot_be_read_to_its_end_says_so(ecr):
    ecr.most = 1
    ecr.push("a", "1.0")
    ecr.fault(status(500), path=AMAZON, skip=1)
    with Ecr(ecr.settings()) as client:
        catalog = client.catalog()
        assert (catalog.names, catalog.complete) == (("a",), False)


@pytest.mark.parametrize(
    ("address", "api", "region"),
    [
        ("012345678901.dkr.ecr.eu-west-1.amazonaws.com", "https://api.ecr.eu-west-1.amazonaws.com", "eu-west-1"),
        (
            "012345678901.dkr.ecr.cn-north-1.amazonaws.com.cn",
            "https://api.ecr.cn-north-1.amazonaws.com.cn",
            "cn-north-1",
        ),
        (
            "012345678901.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
            "https://ecr-fips.us-gov-west-1.amazonaws.com",
            "us-gov-west-1",
        ),
        ("012345678901.dkr-ecr.us-west-2.on.aws", "https://ecr.us-west-2.api.aws", "us-west-2"),
    ],
)
def test_the_api_and_its_region_are_known_by_the_registrys_address(address, api, region):
    assert re.fullmatch(Ecr.ADDRESSES, address)
    assert Ecr.api_address(Settings(address)) == api
    with Ecr(Settings(address, username=KEY, secret=SECRET)) as client:
        assert client._amazon.region == region
        assert client._asked()["registryId"] == "012345678901"


@pytest.mark.parametrize(
    "address",
    [
        "public.ecr.aws",
        "12345.dkr.ecr.eu-west-1.amazonaws.com",
        "012345678901.dkr.ecr.eu-west-1.amazonaws.com.evil.example",
        "evil.example",
    ],
)
def test_no_other_address_leads_to_amazon(address):
    assert not re.fullmatch(Ecr.ADDRESSES, address)
    assert Ecr.api_address(Settings(address)) == f"https://{address}"


def test_an_api_address_set_by_hand_tells_the_region(ecr):
    settings = Settings("registry.example", username=KEY, secret=SECRET, api_address="https://ecr.eu-west-3.api.aws")
    with Ecr(settings) as client:
        assert client._amazon.region == "eu-west-3"
