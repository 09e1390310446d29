"""Some fields of a value, laid over those of another."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator

from sro_coverage.errors import DataError, Issue
from sro_coverage.problem import Budget, Campus, Objective, Officer, Policy, RuleChange, Value
from sro_coverage.problem.value import quote
from sro_coverage.scenario.amounts import is_change_of_students

Fields = dict[str, Any]


def overlaid(base: Mapping[str, Any], fields: Mapping[str, Any]) -> Fields:
    """Lay fields over others, key by key; tables are merged, None takes a value away."""
    merged = dict(base)
    for key, value in fields.items():
        new = overlaid(merged.get(key, {}), value) if isinstance(value, Mapping) else value
        if new is None or new == {}:
            merged.pop(key, None)
        else:
            merged[key] = new
    return merged


def tables_of(values: Iterable[tuple[Sequence[str], Any]]) -> Fields:
    """Lay out values by their keys, part by part, as the tables of a scenario file."""
    tables: Fields = {}
    for path, value in values:
        table = tables
        for part in path[:-1]:
            table = table.setdefault(part, {})
        table[path[-1]] = value
    return tables


def _some_fields(kind: type[Value], **stand_ins: Any) -> Callable[[object], Fields]:
    """
    Read a table with any of the keys of a value, and say what is wrong with them.

    Parameters
    ----------
    stand_ins
        For the keys that a whole value cannot do without.
    """
    may_lack = {
        name for each in (kind, RuleChange) for name, field in each.model_fields.items() if field.default is None
    }

    def read(value: object) -> Fields:
        if not isinstance(value, Mapping):
            raise ValueError("a table of keys and values")
        given = _without_none(value, may_lack)
        whole = kind(**{**stand_ins, **given}).model_dump(exclude_unset=True)
        return {name: whole[name] for name in whole if name in given}

    return read


def _without_none(table: Mapping[str, Any], may_lack: Collection[str]) -> Fields:
    """Turn the text "none" into no value, where there may be none; TOML has no word for it."""

    def meant(key: str, value: object) -> object:
        if isinstance(value, Mapping):
            return _without_none(value, may_lack)
        return None if value == "none" and key in may_lack else value

    return {key: meant(key, value) for key, value in table.items()}


def _campus_fields(value: object) -> Fields:
    """Read the keys of a campus, of which enrollment may also be a change."""
    given = dict(value) if isinstance(value, Mapping) else value
    issues = []
    enrollment = None
    if isinstance(given, dict) and isinstance(given.get("enrollment"), str) and given["enrollment"].strip() != "none":
        enrollment = given.pop("enrollment").strip()
        if not is_change_of_students(enrollment):
            expected = 'a number such as 900, or a change with its sign in quotes: "+10%" or "-120"'
            issues.append(Issue("enrollment", quote(enrollment), expected))
    fields: Fields = {}
    try:
        fields = _some_fields(Campus, name="-", level="high")(given)
    except DataError as error:
        issues += error.issues
    if issues:
        raise DataError(issues)
    return fields if enrollment is None else {**fields, "enrollment": enrollment}


def _budget_fields(value: object) -> Fields | None:
    if value is None or value == "none":
        return None
    return _some_fields(Budget, cost_per_officer=0)(value)


PolicyFields = Annotated[Fields, BeforeValidator(_some_fields(Policy))]
ObjectiveFields = Annotated[Fields, BeforeValidator(_some_fields(Objective))]
OfficerFields = Annotated[Fields, BeforeValidator(_some_fields(Officer, name="-"))]
CampusFields = Annotated[Fields, BeforeValidator(_campus_fields)]
BudgetFields = Annotated[Fields | None, BeforeValidator(_budget_fields)]
