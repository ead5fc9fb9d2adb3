"""From the status of an answer to an error in words."""

from .errors import (
    BadAnswer,
    CredentialsRefused,
    Forbidden,
    RateLimited,
    RegistryError,
    RepositoryMissing,
    ServerError,
)
from .retry_after import seconds_to_wait
from .transport import Response


def failure(response: Response, who: str = "") -> RegistryError:
    """The error that a status other than 200 means; by its number alone, for bodies and codes differ everywhere."""
    host = f"{who} {response.request.host}".strip()
    status, asked = response.status, f"({response.request})"
    wait = seconds_to_wait(response.headers.get("Retry-After"), response.received_at)
    if status == 401:
        return CredentialsRefused(f"{host} refused the credentials, or what was asked for is not there {asked}")
    if status == 403:
        return Forbidden(f"{host} does not allow this {asked}")
    if status == 404:
        return RepositoryMissing(f"{host} does not have it {asked}")
    if status == 429:
        return RateLimited(f"{host} has had too many requests {asked}", retry_after=wait)
    if status >= 500:
        return ServerError(f"{host} answered with error {status} {asked}", retry_after=wait)
    return BadAnswer(f"{host} answered with status {status}, which says nothing here {asked}", retry_after=wait)
