"""What a vendor's API is shown: the credential of the registry, or a token that was set for the API alone."""

from ..credential import Credential, CredentialSource


def basic(credentials: CredentialSource | None) -> str:
    """Empty without a user name and a password; raises Misconfigured when they cannot be known."""
    credential = password_of(credentials)
    return credential.basic if credential else ""


def bearer(api_token: str, credentials: CredentialSource | None) -> str:
    """With the password as the token, unless there is one for the API; otherwise as `basic`."""
    credential = None if api_token else password_of(credentials)
    token = api_token or (credential.secret if credential else "")
    return f"Bearer {token}" if token else ""


def password_of(credentials: CredentialSource | None) -> Credential | None:
    """What the registry is shown, if it is a user name and a password; raises Misconfigured when it cannot be known."""
    credential = credentials.current() if credentials else None
    return None if credential is None or credential.is_identity_token or credential.is_bearer_token else credential
