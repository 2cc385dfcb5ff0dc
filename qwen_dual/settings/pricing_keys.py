"""What ``modelPricing`` says of a model: the reference's names, and one of ours."""

from __future__ import annotations

from typing import Final

from qwen_dual.settings.key import Key, Section
from qwen_dual.settings.rules import NUMBER, Rule

PRICE_RULE: Rule[float | None] = Rule(
    "a number, 0 or more", lambda value: NUMBER.accepts(value) and value >= 0
)

INPUT_PRICE = Key("inputPerMillionTokens", PRICE_RULE, None, doc="Of what the model is sent.")
OUTPUT_PRICE = Key("outputPerMillionTokens", PRICE_RULE, None, doc="Of what it writes.")
CACHED_PRICE = Key(
    "cachedInputPerMillionTokens", PRICE_RULE, None, doc="Of what it is sent and has in a cache."
)
PRICE: Final = Section((INPUT_PRICE, OUTPUT_PRICE, CACHED_PRICE))
