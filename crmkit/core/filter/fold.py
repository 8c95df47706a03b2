"""The one fold under which filters compare text: upper and lower case are the same, and so are full and half width.

Each character is replaced by one other or stays. The table is fixed here instead of taken from the Unicode tables of
Python, SQLite or PostgreSQL, which differ by version, so that all three compute the same text and indexes stay valid.
"""

from __future__ import annotations

from collections.abc import Iterator

# The simple case foldings (CaseFolding.txt, status C and S, Unicode 14) of Latin, Greek, Cyrillic, Armenian, Georgian
# and the letterlike symbols, with two additions: the Turkish dotted capital I becomes i, and the full-width forms of
# ASCII and the ideographic space become ASCII. Written as FIRST-LAST/STEP and the distance to the replacement.
_RANGES = """
    B5+775 C0-D6+32 D8-DE+32 100-12E/2+1 130-199 132-136/2+1 139-147/2+1 14A-176/2+1 178-121 179-17D/2+1 17F-268
    181+210 182-184/2+1 186+206 187+1 189-18A+205 18B+1 18E+79 18F+202 190+203 191+1 193+205 194+207 196+211
    197+209 198+1 19C+211 19D+213 19F+214 1A0-1A4/2+1 1A6+218 1A7+1 1A9+218 1AC+1 1AE+218 1AF+1 1B1-1B2+217
    1B3-1B5/2+1 1B7+219 1B8+1 1BC+1 1C4+2 1C5+1 1C7+2 1C8+1 1CA+2 1CB-1DB/2+1 1DE-1EE/2+1 1F1+2 1F2-1F4/2+1
    1F6-97 1F7-56 1F8-21E/2+1 220-130 222-232/2+1 23A+10795 23B+1 23D-163 23E+10792 241+1 243-195 244+69 245+71
    246-24E/2+1 370-372/2+1 376+1 37F+116 386+38 388-38A+37 38C+64 38E-38F+63 391-3A1+32 3A3-3AB+32 3C2+1 3CF+8
    3D0-30 3D1-25 3D5-15 3D6-22 3D8-3EE/2+1 3F0-54 3F1-48 3F4-60 3F5-64 3F7+1 3F9-7 3FA+1 3FD-3FF-130 400-40F+80
    410-42F+32 460-480/2+1 48A-4BE/2+1 4C0+15 4C1-4CD/2+1 4D0-52E/2+1 531-556+48 10A0-10C5+7264 10C7+7264
    10CD+7264 1C80-6222 1C81-6221 1C82-6212 1C83-1C84-6210 1C85-6211 1C86-6204 1C87-6180 1C88+35267
    1C90-1CBA-3008 1CBD-1CBF-3008 1E00-1E94/2+1 1E9B-58 1E9E-7615 1EA0-1EFE/2+1 1F08-1F0F-8 1F18-1F1D-8
    1F28-1F2F-8 1F38-1F3F-8 1F48-1F4D-8 1F59-1F5F/2-8 1F68-1F6F-8 1F88-1F8F-8 1F98-1F9F-8 1FA8-1FAF-8
    1FB8-1FB9-8 1FBA-1FBB-74 1FBC-9 1FBE-7173 1FC8-1FCB-86 1FCC-9 1FD8-1FD9-8 1FDA-1FDB-100 1FE8-1FE9-8
    1FEA-1FEB-112 1FEC-7 1FF8-1FF9-128 1FFA-1FFB-126 1FFC-9 2126-7517 212A-8383 212B-8262 2132+28 2160-216F+16
    2183+1 24B6-24CF+26 3000-12256 FF01-FF20-65248 FF21-FF3A-65216 FF3B-FF5E-65248
"""


def _pairs() -> Iterator[tuple[int, int]]:
    for word in _RANGES.split():
        cut = max(word.rfind("+"), word.rfind("-"))
        span, _, step = word[:cut].partition("/")
        first, _, last = span.partition("-")
        for code in range(int(first, 16), int(last or first, 16) + 1, int(step or 1)):
            yield code, code + int(word[cut:])


FOLDINGS: dict[int, int] = dict(_pairs())
"""Code point to code point, for every character outside ASCII that is not its own fold."""


_TABLE = FOLDINGS | {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def fold(text: str) -> str:
    """Return ``text`` as filters compare it: ASCII lowered, other characters by ``FOLDINGS``; the length is kept.

    Accents count (``é`` is not ``e``) and ``ß`` is not ``ss``. Folding twice changes nothing more.
    """
    return text.lower() if text.isascii() else text.translate(_TABLE)
