"""The base of all values: frozen, validated once, and wrong input told in full."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import date, time
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError, field_validator

from sro_coverage.errors import DataError, Issue

_EXPECTED = {
    "missing": "a value",
    "extra_forbidden": "no such key",
    "int_parsing": "a whole number, such as 1200",
    "int_parsing_size": "a smaller whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number, such as 12.5",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "text",
    "string_too_short": "a text that is not empty",
    "string_too_long": "a shorter text (at most {max_length} characters)",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a table of keys and values",
    "model_type": "a table of keys and values",
    "dataclass_type": "a table of keys and values",
    "less_than_equal": "at most {le}",
    "less_than": "less than {lt}",
    "greater_than_equal": "at least {ge}",
    "greater_than": "more than {gt}",
    "too_short": "at least {min_length} of them",
    "too_long": "at most {max_length} of them",
    "literal_error": "one of {expected}",
}
_MISSING = "nothing there"


def quote(value: object, limit: int = 60) -> str:
    """Show a value in a message: short, on one line, control characters made visible."""
    if isinstance(value, bool):
        return str(value).lower()
    try:
        text = str(value) if isinstance(value, date | time) else repr(value)
    except RecursionError:
        text = "tables nested too deep"
    return text if len(text) <= limit else text[: limit - 1] + "…"


def issues_of(error: ValidationError, keys: Iterable[str] = ()) -> list[Issue]:
    """
    Turn what pydantic found into issues whose `where` is the dotted key.

    Parameters
    ----------
    error
        As raised by a model; nested :class:`DataError` values are unfolded.
    keys
        What the model knows, to propose one for a key that it does not.
    """
    issues = []
    for item in error.errors(include_url=False):
        where = _dotted(item["loc"])
        context = {name: _bare(value) for name, value in item.get("ctx", {}).items()}
        inner = context.get("error")
        if isinstance(inner, DataError):
            issues += [
                Issue(".".join(filter(None, (where, issue.where))), issue.found, issue.expected)
                for issue in inner.issues
            ]
            continue
        found = _MISSING if item["type"] == "missing" else quote(item["input"])
        expected = str(inner) if inner else _EXPECTED.get(item["type"], "a valid value").format(**context)
        if item["type"] == "extra_forbidden":
            found, expected = "unknown key", _proposal(str(item["loc"][-1]), list(keys))
        if item["type"] == "tuple_type" and isinstance(item["input"], dict):
            expected = f"a list of tables: [[{where}]], in double brackets"
        issues.append(Issue(where, found, expected))
    return issues


def _bare(limit: object) -> object:
    """Write 168, not 168.0."""
    return int(limit) if isinstance(limit, float) and limit.is_integer() else limit


def _dotted(parts: tuple[int | str, ...]) -> str:
    """Join keys with dots; a place in a list counts from 1, and a key keeps no control character."""
    text = ""
    for part in parts:
        if isinstance(part, int):
            text += f" {part + 1}"
        elif part != "[key]":  # pydantic's mark for a wrong key of a table
            shown = part if part.isprintable() and len(part) <= 60 else quote(part)
            text += f".{shown}" if text else shown
    return text


def _proposal(key: str, known: list[str]) -> str:
    close = get_close_matches(key.lower()[:60], known, n=1)
    return f"a known key, perhaps {close[0]}" if close else "one of " + ", ".join(known)


class Value(BaseModel):
    """A frozen value; wrong fields raise :class:`DataError` with every problem at once."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, str_strip_whitespace=True)

    def __init__(self, /, **data: Any) -> None:
        try:
            super().__init__(**data)
        except ValidationError as error:
            raise DataError(issues_of(error, self.known_keys())) from None

    @classmethod
    def known_keys(cls) -> tuple[str, ...]:
        """Every key that the value may be given by."""
        return tuple(cls.model_fields)

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_value(cls, value: object) -> object:
        """Refuse true and false, which Python would take for 1 and 0; no field of any value is one."""
        if isinstance(value, bool):
            raise ValueError("a number or a text, not true or false")
        return value


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp"):
            raise ValueError(f"text without the control character U+{ord(character):04X}")
    return text


Text = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_printable)]
"""Text from data: one line, no control characters, otherwise any writing system."""


def _one_of_a_list(text: str) -> str:
    if ";" in text:
        raise ValueError("an id without a semicolon, which separates ids")
    return text


Identifier = Annotated[Text, AfterValidator(_one_of_a_list)]
"""Text that lists can hold."""

Note = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_printable)]
"""A longer remark."""
