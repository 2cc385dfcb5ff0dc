"""Whether a text asks for a secret: a password, a key, a code. Pure."""

from __future__ import annotations

import re

_SECRET = re.compile(
    r"\b(?:pass ?(?:word|phrase|code|wd)|pwd|pin|secret|token"
    r"|(?:api|access|private|secret|signing|encryption) ?key|credentials?|otp|(?:2fa|mfa|one time|verification) ?code"
    r"|(?:seed|recovery) (?:phrase|code|words)|(?:credit |debit )?card number|cv[vc]2?|ssn|social security)\b"
)
"""What says that a secret is wanted, in lower case, of words with blanks between them."""


def names_secret(text: str) -> bool:
    """Whether a secret is named in ``text``, which may hold names such as ``apiKey`` and ``api_key``."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)
    return _SECRET.search(re.sub(r"[\s_-]+", " ", apart).lower()) is not None
