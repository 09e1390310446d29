"""State files and tables of agencies: what is wrong with them is told, all of it, before anything is solved."""

from __future__ import annotations

from pathlib import Path

import pytest

from sro_coverage.errors import DataError
from sro_coverage.scenario.executors import Serial
from sro_coverage.statewide.state_file import read_state
from sro_coverage.statewide.statewide import statewide
from tests.statewide.states import AGENCIES, STATE, campuses, write_state

ROOT = Path(__file__).parent.parent.parent


def row(text: str, header: str = "id,name,officers,plan") -> dict[str, str]:
    return {"agencies": f"{header}\n{text}\n"}


WRONG = [
    (
        {"state": STATE.replace("[travel]", "polcy = 1\n[travel]")},
        "state.toml: polcy: unknown key; expected a known key",
    ),
    ({"state": STATE.replace("agencies.csv", "agency.csv")}, "agency.csv: no such file"),
    (
        {"state": STATE.replace('"district"', '"distrikt"')},
        "state.toml: agency: 'distrikt' is no column of state_campuses.csv",
    ),
    ({"state": STATE.replace("b-oak", "b-oakk")}, "state.toml: policy.campuses.b-oakk: unknown campus"),
    ({"state": STATE + "[objective]\nweight = 'hazard'\n"}, "objective.weight: 'hazard' is no column"),
    ({"state": 'campuses = "state_campuses.csv"\nagency = "district"'}, "state.toml: agencies: nothing there"),
    ({"state": STATE.replace("[travel]", "time_limit_s = 0\n[travel]")}, "time_limit_s: 0; expected more than 0"),
    (
        {"state_campuses": campuses().replace("a-oak,Oak Elementary,elementary,400", "a-oak,Oak Elementary,grade,400")},
        "state_campuses.csv row 4, level: 'grade'",
    ),
    (
        {"state_campuses": campuses().replace("b-oak,", "a-oak,")},
        "state_campuses.csv row 10, id: campus 'a-oak' again (first in state_campuses.csv row 4)",
    ),
    (
        {"state_campuses": campuses().replace(",a,5", ",,5")},
        "state_campuses.csv row 2, district: nothing there; expected the id of the agency whose campus it is",
    ),
    (row("a,Alder", "id,name"), "agencies.csv row 1: no column officers"),
    (
        row("a,Alder,,"),
        "agencies.csv row 2, officers: nothing there; expected 0 if it has none, a number up to 100,000",
    ),
    (row("a,Alder,two,"), "agencies.csv row 2, officers: 'two'"),
    (row("a,Alder,-1,"), "agencies.csv row 2, officers: '-1'"),
    (
        row("a,Alder,3,plan.toml"),
        "officers: '3', beside the plan file 'plan.toml'; expected nothing: its own plan file",
    ),
    (row("a,Alder,3,\na,Ash,2,"), "agencies.csv row 3, id: agency 'a' again (first in agencies.csv row 2)"),
    (row("a\x07,Alder,3,"), "agencies.csv row 2, id: 'a\\x07'; expected text without the control character U+0007"),
    (
        row("a,Alder,3,,2", "id,name,officers,plan,policy.max_shard"),
        "agencies.csv row 2, policy.max_shard: unknown key; expected a known key, perhaps max_shared",
    ),
    (
        row("a,Alder,3,,many", "id,name,officers,plan,policy.max_shared"),
        "agencies.csv row 2, policy.max_shared: 'many'; expected a whole number",
    ),
    (
        row("a,Alder,3,,primary;teach", "id,name,officers,plan,policy.levels.high.states"),
        "agencies.csv row 2, policy.levels.high.states 2: 'teach'",
    ),
    (
        row("a,Alder,,plan.toml,2", "id,name,officers,plan,policy.max_shared"),
        "agencies.csv row 2, policy.max_shared: '2'; expected nothing: its own plan file says it",
    ),
    (
        row("a,Alder,3,,2,3", "id,name,officers,plan,policy.levels,policy.levels.high.posts"),
        "agencies.csv row 2, policy.levels: changes the same as a column below it",
    ),
    (row("a,Alder,3,,2", "id,name,officers,plan,contact.mail"), "agencies.csv row 2, contact: unknown key"),
]


@pytest.mark.parametrize(("changes", "told"), WRONG)
def test_what_is_wrong_is_told(tmp_path, changes, told):
    with pytest.raises(DataError) as error:
        read_state(write_state(tmp_path, **changes))
    assert told in str(error.value)


def test_all_of_it_is_told_at_once(tmp_path):
    changes = {**row("a,Alder,two,\nb,,3,"), "state": STATE.replace("[travel]", "polcy = 1\n[travel]")}
    changes["state_campuses"] = campuses().replace("a-oak,Oak Elementary,elementary,400", "a-oak,,elementary,x")
    with pytest.raises(DataError) as error:
        read_state(write_state(tmp_path, **changes))
    assert [issue.where for issue in error.value.issues] == [
        "state.toml: polcy",
        "state_campuses.csv row 4, name",
        "state_campuses.csv row 4, enrollment",
        "agencies.csv row 2, officers",
    ]


def test_what_is_read_is_small_and_whole(tmp_path):
    state = read_state(write_state(tmp_path))
    assert [agency.id for agency in state.agencies] == ["a", "b", "c", "own", "many", "gone", "none", "bare"]
    alder, birch, cedar = state.agencies[:3]
    assert (alder.officers, birch.officers) == (2, "roster_b.csv")
    assert (alder.cells, birch.cells) == ({"contact": "Ms A"}, {})
    assert cedar.changes == {
        "policy": {"max_shared": "1", "levels": {"elementary": {"states": ["primary", "on-call"]}}}
    }
    assert [campus.id for campus in alder.campuses()] == [
        f"a-{name}" for name in ["north", "south", "oak", "elm", "hill", "vale"]
    ]
    assert len(alder.packed) < 160 * 6
    assert [item.file for item in state.inputs] == ["state.toml", "agencies.csv", "state_campuses.csv"]


def test_a_filter_leaves_rows_out(tmp_path):
    state = read_state(
        write_state(tmp_path, state=STATE.replace("[travel]", 'where = { district = ["a", "b"] }\n[travel]'))
    )
    assert {agency.id for agency in state.agencies if agency.campuses()} == {"a", "b"}
    assert state.remarks == ()


def test_roads_that_are_not_there_fail_their_agencies_only(tmp_path):
    agencies = "id,officers,travel.method,travel.file\na,2,roads,none.pbf\nc,1,,\n"
    path = write_state(tmp_path, agencies=agencies)
    result = statewide(path, tmp_path / "out", executor=Serial())
    assert [outcome.status for outcome in result.outcomes] == ["failed", "optimal"]
    assert "no such file" in result.outcomes[0].reason


def test_a_matrix_is_read_here_and_goes_with_the_agency(tmp_path):
    """Times of a file, which no worker could read: each pair takes two minutes."""
    ids = [f"a-{name}" for name in ("north", "south", "oak", "elm", "hill")]
    pairs = [f"{first},{second},2" for first in ids for second in ids if first != second]
    (tmp_path / "minutes.csv").write_text("\n".join(["from,to,minutes", *pairs]))
    agencies = "id,officers,travel.method,travel.file\na,2,matrix,minutes.csv\n"
    result = statewide(write_state(tmp_path, agencies=agencies), tmp_path / "out", executor=Serial())
    plan = result.plan("a")
    assert plan is not None
    assert {stop.out_minutes for beat in plan.beats for stop in beat.shared} == {2}
    assert plan.travel.startswith("matrix: minutes.csv")


def test_the_bundled_state_is_what_its_readme_says():
    state = read_state(ROOT / "data" / "tulare" / "tulare.toml")
    assert len(state.agencies) == 47
    campuses = [campus for agency in state.agencies for campus in agency.campuses()]
    assert (len(campuses), sum(campus.enrollment or 0 for campus in campuses)) == (181, 98_218)
    assert state.remarks == ()
    assert [campus.name for campus in campuses if campus.not_planned] == ["Pixley Middle"]
    assert AGENCIES.startswith("id,name,officers,plan,")
