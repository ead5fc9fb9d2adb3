from typing import Any

import pytest

from tags.registry.realm import judge_realm
from tests.registry.cases import acceptable, cases


@cases("realms")
def test_judges_realms(case: dict[str, Any]) -> None:
    assert judge_realm(case["registry"], case["realm"]) in acceptable(case)


@pytest.mark.parametrize(
    ("registry", "realm"),
    [
        ("https://registry-1.docker.io", "https://auth.docker.io/token"),
        ("https://registry.gitlab.com", "https://gitlab.com/jwt/auth"),
        ("https://registry.corp.local", "https://login.corp.local/token"),
        ("https://registry.shop.co.uk", "https://login.shop.co.uk/token"),
        ("https://registry.example.com", "/token"),
        ("https://registry.example.com:5000", "https://registry.example.com/token"),
        ("https://registry.cn-hangzhou.aliyuncs.com", "https://dockerauth.cn-hangzhou.aliyuncs.com/auth"),
        ("https://registry.digitalocean.com", "https://api.digitalocean.com/v2/registry/auth"),
        ("https://ghcr.io", "https://ghcr.io/token"),
    ],
)
def test_credentials_go_to_the_owner_of_the_registry(registry: str, realm: str) -> None:
    assert judge_realm(registry, realm) == "allow"


@pytest.mark.parametrize(
    ("registry", "realm"),
    [
        ("https://mine.github.io", "https://yours.github.io/token"),
        ("https://1.dkr.ecr.eu-west-1.amazonaws.com", "https://evil.s3.eu-west-1.amazonaws.com/token"),
        ("https://mine.co.uk", "https://yours.co.uk/token"),
        ("https://mine.azurecr.io", "https://yours.azurecr.io/oauth2/token"),
        ("https://mine.city.kawasaki.jp", "https://yours.kawasaki.jp/token"),
        ("https://mine.duckdns.org", "https://yours.duckdns.org/token"),
        ("https://mine.k8s.example.elb.amazonaws.com", "https://yours.elb.amazonaws.com/token"),
        ("https://registry.cn-hangzhou.aliyuncs.com", "https://dockerauth.cn-beijing.aliyuncs.com/auth"),
        ("https://registry.cn-hangzhou.aliyuncs.com", "https://dockerauth.cn-hangzhou.aliyuncs.com/other"),
        ("https://evil.example.com", "https://dockerauth.cn-hangzhou.aliyuncs.com/auth"),
        ("https://1.2.3.4", "https://8.8.3.4/token"),
        ("https://registry.example.com", "https://auth.example.org/token"),
        ("https://registry.example.com", "https://example.com.evil.net/token"),
    ],
)
def test_strangers_are_asked_without_credentials(registry: str, realm: str) -> None:
    assert judge_realm(registry, realm) == "anonymous"


@pytest.mark.parametrize(
    "realm",
    [
        "https://127.1/token",
        "https://2130706433/token",
        "https://0x7f000001/token",
        "https://[::ffff:169.254.169.254]/token",
        "https://localhost/token",
        "https://metadata.google.internal/token",
        "https://224.0.0.1/token",
        "ftp://registry.example.com/token",
        "https://registry.example.com\\@evil.net/token",
        "https://registry.example.com/to ken",
        "https://registry.example.com:99999/token",
        "https://[::1/token",
        "file:///etc/passwd",
    ],
)
def test_never_sends_anything_inside_a_network_or_to_what_is_no_address(realm: str) -> None:
    assert judge_realm("https://registry.example.com", realm) == "refuse"


def test_a_person_may_approve_an_address_inside_the_network() -> None:
    realm = "https://10.0.0.6/token?tenant=1"
    assert judge_realm("https://10.0.0.5", realm) == "refuse"
    assert judge_realm("https://10.0.0.5", realm, frozenset({"https://10.0.0.6/token"})) == "allow"
    assert judge_realm("https://10.0.0.5", realm, frozenset({"https://10.0.0.6:443/token"})) == "allow"
    assert judge_realm("https://10.0.0.5", realm, frozenset({"https://10.0.0.6/other"})) == "refuse"
    assert judge_realm("https://10.0.0.5", realm, frozenset({"https://10.0.0.6/TOKEN"})) == "refuse"
    assert judge_realm("https://10.0.0.5", realm, frozenset({"http://10.0.0.6/token"})) == "refuse"


@pytest.mark.parametrize(
    "host",
    ["169.254.169.254", "[fd00:ec2::254]", "[::ffff:a9fe:a9fe]", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376"],
)
def test_nobody_can_approve_an_address_to_which_nothing_is_ever_sent(host: str) -> None:
    realm = f"https://{host}/token"
    assert judge_realm("https://registry.example.com", realm, frozenset({realm})) == "refuse"


def test_no_approval_takes_a_password_from_https_to_http() -> None:
    realm = "http://auth.example.com/token"
    assert judge_realm("https://registry.example.com", realm, frozenset({realm})) == "refuse"
