"""Amazon ECR: a thousand images with their tags in one signed request (Amazon ECR API reference, DescribeImages).

The user name is an access key's id and the password its secret key; a temporary key's session token follows the secret
after a colon. `AWS` with a ready docker password goes the plain way. Nothing is taken from the environment or asked of
the machine: a role's credentials would be those of the machine we run on, and not of whoever set the registry up.
"""

import re
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from ..client import Client
from ..credential import Credential, CredentialSource
from ..listing import Bulk, Catalog, Question
from ..settings import Settings
from ..times import epoch_seconds
from .amazon import Api
from .answers import catalog_of, objects, put, unreadable
from .sigv4 import AccessKey

_REGISTRY = re.compile(
    r"(?P<account>\d{12})\.dkr[.-](?P<service>ecr|ecr-fips)\.(?P<region>[a-z0-9-]+)\."
    r"(?P<domain>amazonaws\.com(?:\.cn)?|on\.aws|on\.amazonwebservices\.com\.cn)"
)
_API_REGION = re.compile(r"(?:api\.)?ecr(?:-fips)?\.([a-z0-9-]+)\..+")
_API_DOMAINS = {"on.aws": "api.aws", "on.amazonwebservices.com.cn": "api.amazonwebservices.com.cn"}
_ANY_REGION = "us-east-1"
_TARGET = "AmazonEC2ContainerRegistry_V20150921"
_DOCKER_USER = "AWS"
_MOST = 1000  # images, or repositories, in a part of an answer
_LIFE = timedelta(hours=12)  # of a password, by the documentation
_EARLY = timedelta(minutes=10)  # before its end that a password is given up


class Ecr(Client):
    """Without times: `imagePushedAt` is when the image came, and a tag may be put on it years later."""

    NAME = "Amazon ECR"
    ADDRESSES = _REGISTRY.pattern

    @classmethod
    def api_address(cls, settings: Settings) -> str:
        known = _REGISTRY.fullmatch(settings.address.lower())
        if settings.api_address or known is None:
            return super().api_address(settings)
        service, region, domain = known["service"], known["region"], known["domain"]
        if domain in _API_DOMAINS:
            return f"https://{service}.{region}.{_API_DOMAINS[domain]}"
        return f"https://{'api.' if service == 'ecr' else ''}{service}.{region}.{domain}"

    def bulk(self, question: Question) -> Bulk | None:
        api = self._amazon
        if api is None:
            return None
        asked = self._asked(repositoryName=question.repository, filter={"tagStatus": "TAGGED"})
        bulk: Bulk | None = None
        for answer, part in api.parts(question.send_as_is, "DescribeImages", asked, question.check):
            bulk = bulk or Bulk(answer.sent_at, answer.received_at)
            bulk.received_at = answer.received_at
            for image in objects(answer, part.get("imageDetails")):
                tags = image.get("imageTags")
                for tag in tags if isinstance(tags, list) else ():
                    put(bulk, tag, image.get("imageDigest"), answer, media_type=image.get("imageManifestMediaType"))
        return bulk

    def catalog(self, patterns: Sequence[str] = ()) -> Catalog:
        api = self._amazon
        return catalog_of(self._repositories(api)) if api else super().catalog(patterns)

    def _repositories(self, api: Api) -> Iterator[object]:
        for answer, part in api.parts(self._send_as_is, "DescribeRepositories", self._asked()):
            yield from (repository.get("repositoryName") for repository in objects(answer, part.get("repositories")))

    def _asked(self, **more: object) -> dict[str, object]:
        known = _REGISTRY.fullmatch(self.settings.address.lower())
        account = {"registryId": known["account"]} if known else {}
        return {**account, **more, "maxResults": _MOST}

    @property
    def _amazon(self) -> Api | None:
        """None for who has no access key: nobody at all, or a ready docker password."""
        username, secret = self.settings.username, self.settings.secret
        if not username or username == _DOCKER_USER:
            return None
        known = _REGISTRY.fullmatch(self.settings.address.lower())
        told = _API_REGION.fullmatch(self._api.host)
        region = known["region"] if known else told[1] if told else _ANY_REGION
        return Api(self._api, _TARGET, "ecr", region, AccessKey.parse(username, secret))

    def _credentials(self) -> CredentialSource | None:
        """The docker password that the access key buys: the secret key itself is never shown to anybody."""
        api = self._amazon
        return DockerPassword(partial(self._buy_password, api)) if api else super()._credentials()

    def _buy_password(self, api: Api) -> tuple[Credential, datetime]:
        """The password for the registry's own side, and when it ends."""
        answer, found = api.ask(self._send_as_is, "GetAuthorizationToken", {})
        bought = next(iter(objects(answer, found.get("authorizationData"))), {})
        try:
            username, _, password = b64decode(bought["authorizationToken"]).decode("ascii").partition(":")
        except (KeyError, TypeError, ValueError) as error:
            raise unreadable(answer) from error
        if username != _DOCKER_USER or not password:
            raise unreadable(answer)
        return Credential(username, password), epoch_seconds(bought.get("expiresAt")) or answer.received_at + _LIFE


class DockerPassword:
    """The password that an access key buys, bought anew before it ends or when it is refused."""

    def __init__(self, buy: Callable[[], tuple[Credential, datetime]]) -> None:
        self._buy = buy
        self._lock = threading.Lock()
        self._bought: tuple[Credential, datetime] | None = None

    def current(self, refused: Credential | None = None) -> Credential:
        with self._lock:
            if self._bought:
                known, until = self._bought
                if known != refused and datetime.now(UTC) < until - _EARLY:
                    return known
            self._bought = self._buy()
            return self._bought[0]
