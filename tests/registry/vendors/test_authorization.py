from tags.registry.credential import Credential
from tags.registry.vendors.authorization import password_of


def test_only_a_user_name_with_its_password_is_shown_to_an_api() -> None:
    password = Credential("me", "secret")
    assert password_of(password) is password
    assert password_of(None) is password_of(Credential("<token>", "x")) is password_of(Credential("", "x")) is None
