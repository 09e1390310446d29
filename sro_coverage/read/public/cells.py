"""The text of a cell as a value: cleaned, a number, an address."""

from __future__ import annotations

import math
import re
import unicodedata

_THOUSANDS = re.compile(r"-?\d{1,3}(,\d{3})+(\.0+)?$")


def clean(text: str) -> str:
    """Take off what spreadsheets put around an id, line breaks, and characters that are none."""
    if text.isalnum():  # most cells: nothing to do
        return text
    text = text.strip()
    if text[:1] in "'=":
        if text.startswith('="') and text.endswith('"'):
            text = text[2:-1]
        elif text.startswith("'") and text[1:2].isdigit():
            text = text[1:]
    if text.isprintable() and "  " not in text:
        return text
    text = " ".join(text.split())
    return "".join(letter for letter in text if unicodedata.category(letter) not in ("Cc", "Cs", "Zl", "Zp"))


def number_of(text: str) -> float | None:
    """Read a plain number; 1,234 is one too."""
    if "," in text and _THOUSANDS.match(text):
        text = text.replace(",", "")
    if not text.isascii() or "_" in text:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def address_of(street: str | None, city: str | None, state: str | None, postcode: str | None) -> str:
    """Write an address as the bundled data do: ``340 East Kern St., Dinuba, CA 93618``."""
    if not street:
        return ""
    return ", ".join(filter(None, (street, city, " ".join(filter(None, (state, postcode))))))
