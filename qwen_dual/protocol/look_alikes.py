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
    (0x1D400, 0x1D7FF),  # mathematical letters
    (0x1F110, 0x1F189),
    (0x1FBF0, 0x1FBF9),
)
"""Letters and signs that no program, path or host is written with, and that look like plain ones."""

PUNCTUATION = frozenset(
    "\u00b4\u055a\u05c0\u05c3\u05f3\u2010\u2011\u2012\u2024\u2027\u2032\u2035\u2039\u203a\u2043"
    "\u2044\u204e\u2052\u2053\u2212\u2215\u2216\u2217\u2219\u2223\u2236\u223c\u2758\u2768\u2769"
    "\u29f5\u29f8\u29f9\ufe58\ufe68\uff07\uff40"
)
"""Signs that look like one that a shell takes for its own."""
