"""Access keys: the fixed ones of the tests and those that the double's own STS issues."""

from __future__ import annotations

import dataclasses
import secrets
import string


@dataclasses.dataclass(frozen=True)
class Key:
    """An access key and whom it stands for."""

    access_key_id: str
    secret: str
    account: str
    arn: str
    user_id: str
    session_token: str | None = None
    expires: float | None = None


def fixed_keys() -> dict[str, Key]:
    """The long-lived keys that every test may use."""
    rows = (
        ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "123456789012", "tester"),
        ("AKIDOTHER", "othersecretK7MDENGbPxRfiCYEXAMPLEKEY0000", "210987654321", "other"),
    )
    return {
        key_id: Key(key_id, secret, account, f"arn:aws:iam::{account}:user/{user}", f"AIDA{user.upper():X<16}")
        for key_id, secret, account, user in rows
    }


class KeyStore:
    """All valid keys by id."""

    def __init__(self) -> None:
        self._keys = fixed_keys()

    def find(self, access_key_id: str) -> Key | None:
        """The key, or None."""
        return self._keys.get(access_key_id)

    def accounts(self) -> set[str]:
        """Every account that has a key."""
        return {key.account for key in self._keys.values()}

    def add(self, key: Key) -> None:
        """Make `key` valid."""
        self._keys[key.access_key_id] = key

    def issue(self, account: str, arn: str, user_id: str, expires: float) -> Key:
        """Temporary credentials, as AssumeRole gives."""
        letters = string.ascii_uppercase + string.digits
        key_id = "ASIA" + "".join(secrets.choice(letters) for _ in range(16))
        key = Key(key_id, secrets.token_urlsafe(30), account, arn, user_id, secrets.token_urlsafe(180), expires)
        self.add(key)
        return key
