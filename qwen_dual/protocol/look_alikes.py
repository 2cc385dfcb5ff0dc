"""Letters that look like others, as tables: which scripts hold twins of Latin letters. Data only.

From Unicode's list of confusables, as far as a monospaced font shows no difference.
"""

from __future__ import annotations

_LATIN_OF_CYRILLIC = dict(
    zip(
        "АВЕКМНОРСТУХІЈЅԌԚԜӀҮѴаеорсухіјѕһԁԛԝӏүѵ",
        "ABEKMHOPCTYXIJSGQWIYVaeopcyxijshdqwlyv",
        strict=True,
    )
)
_LATIN_OF_GREEK = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹϳονρυϲ", "ABEZHIKMNOPTYXCjovpuc", strict=True))
_LATIN_OF_ARMENIAN = dict(zip("ՍՏՕԼհոսցօզ", "USOLhnugoq", strict=True))
_LATIN_OF_CHEROKEE = dict(zip("ᎪᎳᎬᎻᏀᎫᏦᏞᎷᏃᏢᏒᏚᎢᏙᎳᏴᏃᏟᎠᏚ", "AWEHGJKLMZPRSTVWBZCDS", strict=True))
_WITH_MARKS = dict(zip("ЁёЇїӐӑӒӓӖӗӦӧӔӕόύ", "ËëÏïĂăÄäĔĕÖöÆæóú", strict=True))

TWINS = {
    **_LATIN_OF_CYRILLIC,
    **_LATIN_OF_GREEK,
    **_LATIN_OF_ARMENIAN,
    **_LATIN_OF_CHEROKEE,
    **_WITH_MARKS,
}
"""Letters of other scripts, each with the Latin letter that it looks like."""

SCRIPTS = (
    ("Greek", ((0x370, 0x3FF), (0x1F00, 0x1FFF), (0x2C80, 0x2CFF))),
    (
        "Cyrillic",
        ((0x400, 0x52F), (0x1C80, 0x1C8F), (0x2DE0, 0x2DFF), (0xA640, 0xA69F)),
    ),
    ("Armenian", ((0x530, 0x58F),)),
    ("Cherokee", ((0x13A0, 0x13FF), (0xAB70, 0xABBF))),
    ("Canadian", ((0x1400, 0x167F), (0x18B0, 0x18FF))),
    ("Lisu", ((0xA4D0, 0xA4FF),)),
    # Single letters and digits of scripts whose others look like nothing else.
    (
        "others",
        (
            (0x5D0, 0x5D0),
            (0x5D4, 0x5D5),
            (0x5DF, 0x5DF),
            (0x5E1, 0x5E1),
            (0x665, 0x665),
            (0x667, 0x668),
            (0x6C1, 0x6C1),
            (0x6F5, 0x6F5),
            (0x6F7, 0x6F8),
            (0x7C0, 0x7C0),
            (0x7CA, 0x7CB),
            (0x966, 0x966),
            (0x9E6, 0x9E6),
            (0x9EA, 0x9EA),
            (0x9ED, 0x9ED),
            (0xA66, 0xA66),
            (0xA6A, 0xA6A),
            (0xAE6, 0xAE6),
            (0xB66, 0xB66),
            (0xBE6, 0xBE6),
            (0xC66, 0xC66),
            (0xCE6, 0xCE6),
            (0xD20, 0xD20),
            (0xD66, 0xD66),
            (0xDA7, 0xDA7),
            (0xE50, 0xE50),
            (0xED0, 0xED0),
            (0x101D, 0x101D),
            (0x1040, 0x1040),
            (0x10FF, 0x10FF),
            (0x12D0, 0x12D0),
            (0x16B7, 0x16B7),
            (0x16C1, 0x16C1),
            (0x16D5, 0x16D5),
            (0x19D0, 0x19D0),
            (0x1C5B, 0x1C5B),
            (0x2D4F, 0x2D4F),
            (0x2D54, 0x2D54),
            (0x2D5D, 0x2D5D),
            (0x3147, 0x3147),
            (0x3163, 0x3163),
            (0xFBA6, 0xFBA6),
            (0xFEE9, 0xFEE9),
        ),
    ),
    ("ancient", ((0x10280, 0x1044F), (0x10500, 0x1067F), (0x118A0, 0x118FF))),
)
"""Scripts with twins of Latin letters, as ranges of code points, both ends included."""

STYLED = (
    (0x1C0, 0x1C3),  # clicks, which look like | and !
    (0x250, 0x2AF),  # phonetic letters
    (0x2B0, 0x2FF),  # raised letters, and accents that stand alone
    (0x1D00, 0x1DBF),
    (0x2100, 0x214F),  # letter-like symbols
    (0x2160, 0x2188),  # Roman numerals
    (0x2C60, 0x2C7F),
    (0xA720, 0xA7FF),
    (0xFB00, 0xFB06),  # ligatures
    (0xFE50, 0xFE6B),  # small signs
    (
        0xFF10,
        0xFF19,
    ),  # wide digits and letters; signs of that width are what Chinese is written with
    (0xFF21, 0xFF3A),
    (0xFF41, 0xFF5A),
    (0xFF61, 0xFF65),  # narrow signs
    (0xFFE8, 0xFFE8),
    (0x1D400, 0x1D7FF),  # mathematical letters
    (0x1F110, 0x1F189),
    (0x1FBF0, 0x1FBF9),
)
"""Letters and signs that no program, path or host is written with, and that look like plain ones."""

DASHES = frozenset("–—―")
"""They begin a word as the sign of an option does."""

WIDE_DASHES = frozenset("\u3161\u30fc\u4e00\uff0d\uff70\u2500\u2501\u2796")
"""So do these, with a plain letter behind them."""

PUNCTUATION = frozenset(
    "\u00b4\u055a\u05c0\u05c3\u05f3\u2010\u2011\u2012\u2024\u2027\u2032\u2035\u2039\u203a\u2043"
    "\u2044\u204e\u2052\u2053\u2212\u2215\u2216\u2217\u2219\u2223\u2236\u223c\u2758\u2768\u2769"
    "\u29f5\u29f8\u29f9\ufe58\ufe68\uff07\uff40"
)
"""Signs that look like one that a shell takes for its own."""
