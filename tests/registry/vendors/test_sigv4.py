from tags.registry.transport import Request
from tags.registry.vendors.sigv4 import AccessKey

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = "FwoGZXIvYXdzEXAMPLE//token=="
REQUEST = Request("POST", "https://api.ecr.eu-west-1.amazonaws.com/", {"X-Amz-Target": "Some.Action"}, b"{}", 7)
# That the signature is the right one is shown by test_ecr.py, whose registry checks it by the steps of Amazon's manual.


def test_a_session_token_follows_the_secret_after_a_colon():
    assert AccessKey.parse("AKIA", SECRET) == AccessKey("AKIA", SECRET)
    assert AccessKey.parse("ASIA", f"{SECRET}:{TOKEN}") == AccessKey("ASIA", SECRET, TOKEN)
    assert AccessKey.parse("ASIA", f"{SECRET}:") == AccessKey("ASIA", SECRET)


def test_a_signed_request_is_the_same_request_with_more_headers():
    signed = AccessKey("ASIA", SECRET, TOKEN).sign(REQUEST, "eu-west-1", "ecr")
    assert (signed.method, signed.url, signed.body, signed.ceiling) == ("POST", REQUEST.url, b"{}", 7)
    assert signed.headers.items() > REQUEST.headers.items()
    assert signed.headers["x-amz-security-token"] == TOKEN
    assert "/eu-west-1/ecr/aws4_request" in signed.headers["Authorization"]
    assert SECRET not in str(signed.headers)
    assert "Authorization" not in REQUEST.headers


def test_a_key_does_not_show_its_secrets():
    shown = repr(AccessKey("ASIA", SECRET, TOKEN))
    assert "ASIA" in shown
    assert SECRET not in shown
    assert TOKEN not in shown
