"""Answering a registry's challenges, as a generator that yields requests and is sent the responses.

Nothing here touches the network: the client passes each yielded request to the transport. `/v2/` is never asked first;
the real request is sent, its 401 answered, and what was learnt kept, so the next repository costs one token request
and no 401.
"""

from collections.abc import Generator
from urllib.parse import quote, urlencode

from .challenge import Challenge, choose, parse_challenges
from .credential import Credential, CredentialSource
from .errors import (
    AddressRefused,
    BadAnswer,
    Cancelled,
    CredentialsMissing,
    CredentialsRefused,
    InsideNetwork,
    NeedsApproval,
    RegistryError,
)
from .origin import Origin
from .realm import is_approved, judge_realm, resolve_realm
from .refusals import Refusals
from .scope import clean_scopes
from .status import failure
from .tokens import Token, TokenAnswer, TokenCache, parse_token_answer
from .transport import Request, Response

Flow = Generator[Request, Response, Response]

_NO_POST = frozenset({400, 401, 404, 405})
_ATTEMPTS = 3
_MOST_HOSTS = 16  # to which a registry's redirects may have led


class Authenticator:
    """Knows one registry's challenge and holds its credentials; may be used by many threads at once."""

    def __init__(
        self,
        origin: Origin,
        credentials: CredentialSource | None = None,
        approved_realms: frozenset[str] = frozenset(),
        tokens: TokenCache | None = None,
        refusals: Refusals | None = None,
    ) -> None:
        self._origin = origin
        self._credentials = credentials
        self._approved = approved_realms
        self._tokens = tokens or TokenCache()
        # Kept once it has led to an answer: a 401 for one odd tag must not change how all others are asked.
        self._challenge: Challenge | None = None
        self._gives_tokens = False
        self._demanded: dict[str, tuple[str, ...]] = {}
        self._demanded_for_all: tuple[str, ...] | None = None
        self._rotated: tuple[Credential, str] | None = None
        self._refusals = refusals or Refusals()
        self._elsewhere: dict[Origin, Authenticator] = {}

    @property
    def is_anonymous_bearer(self) -> bool:
        """The registry gives tokens to anybody, or to nobody in particular: who may read shows with each repository."""
        return self._gives_tokens and self._credential() is None

    def flow(self, request: Request, scope: str) -> Flow:
        """Yields the request, as often as it takes, and the token requests between; returns the last answer to it.

        `scope` is what is asked for where the registry does not say it ("" for none). A returned 401 is final.
        """
        response = yield from self._at_home(request, scope)
        if response.status == 401 and Origin.parse(response.url) != self._origin:
            # A redirect led to a host that asks for a token: it gets one of its own, and never our credential. Where
            # that host leads to in its turn gets none, else hosts could play us to one another without end.
            response = yield from self._guest_of(Origin.parse(response.url))._at_home(response.request, scope)
        return response

    def _at_home(self, request: Request, scope: str) -> Flow:
        """Answers the challenges of the registry's own origin; a 401 of any other is returned as it came."""
        if Origin.parse(request.url) != self._origin:
            return (yield request)
        challenge = self._challenge
        wanted = self._scopes(scope)
        credential = self._credential()
        refused: str | None = None
        for _ in range(_ATTEMPTS):
            self._refusals.check(credential, self._origin.netloc)
            token, fresh = yield from self._bearer(challenge, credential, wanted, refused)
            authorization = f"Bearer {token.value}" if token else self._without_exchange(challenge, credential)
            response = yield request.with_header("Authorization", authorization) if authorization else request
            if response.status != 401 or Origin.parse(response.url) != self._origin:
                self._challenge = challenge or self._challenge
                if authorization and credential:
                    self._refusals.taken(credential)
                return response
            challenge = yield from self._challenge_of(response)
            wanted = self._remember_scopes(scope, challenge)
            if token is not None and fresh and set(wanted) <= set(token.scopes):
                return response
            if token is None and credential and authorization and _is_last_word(challenge, credential):
                credential = self._renewed(credential)
                if credential is None:
                    return response
            refused = token.value if token else None
        return response

    def _guest_of(self, origin: Origin) -> "Authenticator":
        if origin not in self._elsewhere and len(self._elsewhere) >= _MOST_HOSTS:
            self._elsewhere = {}  # what they asked for is learnt again by one 401 each
        return self._elsewhere.setdefault(origin, Authenticator(origin, None, self._approved, self._tokens))

    def _challenge_of(self, response: Response) -> Generator[Request, Response, Challenge]:
        header = response.headers.get("WWW-Authenticate")
        if header is None:  # gcr.io: the challenge comes with /v2/ only
            pong = yield Request("GET", f"{self._origin}/v2/")
            header = pong.headers.get("WWW-Authenticate", "")
        challenge = choose(parse_challenges(header))
        if challenge is None:
            raise CredentialsRefused(f"{self._origin.netloc} refuses access and offers no way to log in that is known")
        self._gives_tokens = challenge.scheme == "bearer"
        return challenge

    def _remember_scopes(self, scope: str, challenge: Challenge) -> tuple[str, ...]:
        demanded = clean_scopes(challenge.params.get("scope", "").split())
        if not demanded:
            return self._scopes(scope)
        resource = scope.rpartition(":")[0]
        if resource and any(one.rpartition(":")[0] == resource for one in demanded):
            # Azure names only what this one request needs: a token for all that we do there costs no further 401.
            demanded = clean_scopes((*demanded, scope))
        self._demanded[scope] = demanded
        name = scope.partition(":")[2].rpartition(":")[0]
        if name not in " ".join(demanded):
            # A word that holds for every repository: `aws` on public.ecr.aws, `*` on Gitea.
            self._demanded_for_all = demanded
        return demanded

    def _scopes(self, scope: str) -> tuple[str, ...]:
        return self._demanded.get(scope) or self._demanded_for_all or ((scope,) if scope else ())

    def _credential(self) -> Credential | None:
        return self._credentials.current() if self._credentials else None

    def _renewed(self, refused: Credential) -> Credential | None:
        """Another credential in place of the one that was refused, None when there is none: the refusal is final."""
        another = self._credentials.current(refused) if self._credentials else None
        if another is not None and another != refused:
            return another
        self._refusals.refused(refused)
        if refused.is_bearer_token:
            raise CredentialsRefused(f"{self._origin.netloc} refused the token: perhaps a user name belongs to it")
        return None

    def _without_exchange(self, challenge: Challenge | None, credential: Credential | None) -> str | None:
        """What goes to the registry itself, where no token is to be had for it first."""
        if credential and credential.is_bearer_token:
            return f"Bearer {credential.secret}"
        if challenge is None:
            return None
        if credential is None:
            raise CredentialsMissing(f"{self._origin.netloc} asks for a user name and a password, and none are set")
        return credential.basic

    def _bearer(
        self,
        challenge: Challenge | None,
        credential: Credential | None,
        scopes: tuple[str, ...],
        refused: str | None,
    ) -> Generator[Request, Response, tuple[Token | None, bool]]:
        """The token to send, if the registry takes tokens, and whether it was fetched just now."""
        if challenge is None or challenge.scheme != "bearer" or (credential and credential.is_bearer_token):
            return None, False
        key = (self._origin, credential, scopes)
        if token := self._tokens.get(key, refused):
            return token, False
        if token := self._tokens.get_or_reserve(key, refused):
            return token, False
        try:
            answer = yield from self._fetch(challenge, credential, scopes)
        except BaseException as error:
            self._challenge = None  # the registry may have moved its token server, and is asked for it anew
            self._tokens.failed(key, error if isinstance(error, RegistryError) else Cancelled("no token was fetched"))
            raise
        token = Token.from_answer(answer, scopes)
        self._tokens.done(key, token)
        return token, True

    def _fetch(
        self, challenge: Challenge, credential: Credential | None, scopes: tuple[str, ...]
    ) -> Generator[Request, Response, TokenAnswer]:
        realm, credential = self._judged(challenge.params["realm"], credential)
        service = challenge.params.get("service")
        response = yield from self._ask(realm, service, credential, scopes)
        if response.status == 401 and credential:
            credential = self._renewed(credential)
            if credential:
                response = yield from self._ask(realm, service, credential, scopes)
        if response.status != 200:
            raise failure(response, "the token server")
        answer = parse_token_answer(response.body, response.received_at)
        if answer is None:
            raise BadAnswer(f"{Origin.parse(realm).netloc} was asked for a token and gave none")
        if credential and credential.is_identity_token and answer.refresh_token:
            self._rotated = credential, answer.refresh_token
        return answer

    def _ask(
        self, realm: str, service: str | None, credential: Credential | None, scopes: tuple[str, ...]
    ) -> Generator[Request, Response, Response]:
        """The token server's answer, whatever it is."""
        try:
            if credential and credential.is_identity_token:
                response = yield token_post(realm, service, scopes, self._refresh_token(credential))
                if response.status not in _NO_POST:
                    return response
            return (yield token_get(realm, service, scopes, credential))
        except InsideNetwork as error:
            if error.host == Origin.parse(realm).host and not is_approved(realm, self._approved):
                raise NeedsApproval(realm) from error
            raise

    def _refresh_token(self, credential: Credential) -> str:
        known, rotated = self._rotated or (None, "")
        return rotated if known == credential else credential.secret

    def _judged(self, realm: str, credential: Credential | None) -> tuple[str, Credential | None]:
        """The realm's full address, and the credential that may go there."""
        registry = str(self._origin)
        verdict = judge_realm(registry, realm, self._approved)
        if verdict == "allow":
            return resolve_realm(registry, realm), credential
        if verdict == "anonymous" and credential is None:
            return resolve_realm(registry, realm), None
        try:
            asked_for = resolve_realm(registry, realm)
            approvable = judge_realm(registry, realm, frozenset({asked_for})) == "allow"
        except ValueError:
            approvable = False
        if approvable:
            raise NeedsApproval(asked_for)
        raise AddressRefused(f"{self._origin.netloc} names an address for tokens to which nothing may be sent")


def _is_last_word(challenge: Challenge, credential: Credential) -> bool:
    """Whether a 401 with this challenge leaves nothing else to do with the credential that was sent along."""
    return challenge.scheme == "basic" or credential.is_bearer_token


def token_get(realm: str, service: str | None, scopes: tuple[str, ...], credential: Credential | None) -> Request:
    fields = [("service", service)] if service else []
    fields += [("scope", scope) for scope in scopes]
    if credential and not credential.is_identity_token:
        fields.append(("account", credential.username))
    query = urlencode(fields, quote_via=quote, safe="/:,*")
    separator = "" if not query else "&" if "?" in realm else "?"
    request = Request("GET", f"{realm}{separator}{query}", {"Accept": "application/json"})
    return request.with_header("Authorization", credential.basic) if credential else request


def token_post(realm: str, service: str | None, scopes: tuple[str, ...], refresh_token: str) -> Request:
    """The OAuth2 form (distribution, docs/content/spec/auth/oauth.md), for identity tokens."""
    form = {
        "grant_type": "refresh_token",
        "service": service or "",
        "client_id": "RegistryViewer",
        "scope": " ".join(scopes),
        "refresh_token": refresh_token,
    }
    headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
    return Request("POST", realm, headers, urlencode(form).encode())
