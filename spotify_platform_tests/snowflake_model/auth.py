"""Who may log in: users, their passwords, and the RSA keys that a JWT must be signed with.

What a session may then do is not decided here. After https://docs.snowflake.com/en/user-guide/key-pair-auth,
https://docs.snowflake.com/en/user-guide/key-pair-auth-troubleshooting and
https://docs.snowflake.com/en/sql-reference/sql/alter-user: a key is kept as PEM without its first and last line, two
keys may be valid at a time, and the JWT's issuer ends in the SHA-256 of the key.
"""

import base64
import hashlib
import uuid
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from spotify_platform_tests.snowflake_model.errors import SqlError

WRONG_PASSWORD = SqlError(390100, "28000", "Incorrect username or password was specified.")
DISABLED = SqlError(390101, "28000", "User access disabled. Contact your local system administrator.")


def invalid_token() -> SqlError:
    """The one answer to every JWT that is not accepted; which check it failed only an administrator learns."""
    return SqlError(390144, "28000", f"JWT token is invalid. [{uuid.uuid4()}]")


@dataclass
class User:
    """A user and the properties that logging in looks at."""

    name: str
    properties: dict[str, Any] = field(default_factory=dict)
    expired: bool = False

    @property
    def disabled(self) -> bool:
        """Whether an administrator has locked the user out."""
        return self.properties.get("DISABLED") is True

    @property
    def keys(self) -> list[RSAPublicKey]:
        """The public keys that are set."""
        texts = [self.properties.get(name) for name in ("RSA_PUBLIC_KEY", "RSA_PUBLIC_KEY_2")]
        return [public_key(text) for text in texts if text]


def public_key(pem: str) -> RSAPublicKey:
    """The key of a PEM, with or without the lines around it. Fails as `alter user` does for anything else."""
    body = "".join(line for line in pem.splitlines() if not line.startswith("-----"))
    try:
        key = load_der_public_key(base64.b64decode(body.strip(), validate=True))
    except ValueError as error:
        raise SqlError(1469, "22023", "SQL compilation error:\nNew public key rejected by current policy.") from error
    if not isinstance(key, RSAPublicKey):
        raise SqlError(1469, "22023", "SQL compilation error:\nNew public key rejected by current policy.")
    return key


def fingerprint(key: RSAPublicKey) -> str:
    """The key's name in a JWT and in `desc user`."""
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return "SHA256:" + base64.b64encode(hashlib.sha256(der).digest()).decode()


def logged_in(users: dict[str, User], account: str, data: dict[str, Any]) -> User:
    """The user of a login request, or the error it gets."""
    name = str(data.get("LOGIN_NAME", "")).upper()
    user = users.get(name)
    if data.get("AUTHENTICATOR") == "SNOWFLAKE_JWT":
        if user is None or not _signed(user, account, str(data.get("TOKEN", ""))):
            raise invalid_token()
    elif user is None or not user.properties.get("PASSWORD") or user.properties["PASSWORD"] != data.get("PASSWORD"):
        raise WRONG_PASSWORD
    if user.disabled:
        raise DISABLED
    return user


def _signed(user: User, account: str, token: str) -> bool:
    if user.expired:
        return False
    subject = f"{account.upper()}.{user.name}"
    for key in user.keys:
        try:
            claims = jwt.decode(token, key, algorithms=["RS256"], options={"require": ["exp", "iss", "sub"]})
        except jwt.InvalidTokenError:
            continue
        if claims["sub"] == subject and claims["iss"] == f"{subject}.{fingerprint(key)}":
            return True
    return False
