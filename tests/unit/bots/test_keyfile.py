"""The file that holds a bot's key."""

import pytest

from truebook.bots.keyfile import read_key_file
from truebook.config import UserError

SECRET = "A" * 43 + "="


def test_what_account_create_prints_is_a_key_file(tmp_path):
    path = tmp_path / "key.json"
    path.write_text(f'{{"accountId": 7, "apiKey": "k", "apiSecret": "{SECRET}"}}')
    key = read_key_file(path)
    assert (key.api_key, key.api_secret, key.credit) == ("k", SECRET, {})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "truncated"),
        ("[]", "Expected `object`"),
        ('{"apiKey": "k"}', "apiSecret"),
        ('{"apiKey": "k", "apiSecret": "AAAA"}', "32 bytes"),
        ('{"apiKey": "k", "apiSecret": "?"}', "key.json"),
    ],
)
def test_a_file_that_holds_no_key_is_refused_with_its_name(tmp_path, text, reason):
    path = tmp_path / "key.json"
    path.write_text(text)
    with pytest.raises(UserError, match=reason) as refused:
        read_key_file(path)
    assert str(path) in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match=r"can't read the key file .*none\.json"):
        read_key_file(tmp_path / "none.json")
