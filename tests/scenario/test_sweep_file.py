"""What a sweep file asks for, and what is wrong with a bad one."""

from __future__ import annotations

from pathlib import Path

import pytest

from sro_coverage.errors import DataError
from sro_coverage.problem import Roads
from sro_coverage.scenario.sweep_file import Sweep, read_sweep
from tests.scenario.sweeps import NUM_RUNS, SWEEP, write_sweep


def read(folder: Path, text: str) -> Sweep:
    return read_sweep(write_sweep(folder, text))


def complaints(folder: Path, text: str) -> list[str]:
    with pytest.raises(DataError) as error:
        read(folder, text)
    return [str(issue) for issue in error.value.issues]


def test_grid_is_the_full_product_and_runs_come_after_it(tmp_path):
    sweep = read(tmp_path, SWEEP)
    assert sweep.title == "Tiny sweep"
    assert [axis.key for axis in sweep.axes] == ["policy.max_travel_min", "policy.primary_share_min"]
    assert len(sweep.wishes) == NUM_RUNS
    assert [wish.point for wish in sweep.wishes[:4]] == [(2, 0.4), (2, 0.5), (2, 0.6), (6, 0.4)]
    assert sweep.wishes[1].name == "max_travel_min 2, primary_share_min 0.5"
    assert sweep.wishes[1].content == {"policy": {"max_travel_min": 2, "primary_share_min": 0.5}}
    assert [wish.name for wish in sweep.wishes[9:]] == ["one more", 'close ["oak"]', "nobody left"]
    assert sweep.wishes[10].values == {"close": '["oak"]'}
    assert sweep.params.workers == 1


@pytest.mark.parametrize(
    ("written", "values"),
    [
        ("{ from = 6, to = 9 }", (6, 7, 8, 9)),
        ("{ from = 6, to = 20, step = 5 }", (6, 11, 16)),
        ("{ from = 0.1, to = 0.8, step = 0.1 }", (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)),
        ("{ from = 1, to = 2, step = 0.5 }", (1.0, 1.5, 2.0)),
        ("[4, 5]", (4, 5)),
    ],
)
def test_ranges_are_exact_decimals_with_both_ends(tmp_path, written, values):
    (axis,) = read(tmp_path, f'base = "plan.toml"\n[grid]\npolicy.max_travel_min = {written}').axes
    assert axis.values == values
    assert [type(value) for value in axis.values] == [type(value) for value in values]


def test_a_quoted_key_is_cut_at_dots_and_a_nested_one_is_not(tmp_path):
    text = 'base = "plan.toml"\n[grid]\n"policy.campuses.oak.posts" = [1]\npolicy.campuses."a.b".posts = [1]'
    paths = [axis.path for axis in read(tmp_path, text).axes]
    assert paths == [("policy", "campuses", "oak", "posts"), ("policy", "campuses", "a.b", "posts")]


def test_a_mapping_is_as_good_as_a_file(tmp_path):
    path = write_sweep(tmp_path)
    sweep = read_sweep({"base": str(path.with_name("plan.toml")), "grid": {"policy.max_shared": range(3)}})
    assert [wish.point for wish in sweep.wishes] == [(0,), (1,), (2,)]


def test_names_that_are_cut_alike_are_numbered(tmp_path):
    long = ", ".join(f'"campus_{number:03d}"' for number in range(30))
    text = f'base = "plan.toml"\n[grid]\nclose = [[{long}], [{long}, "more"]]'
    first, second = (wish.name for wish in read(tmp_path, text).wishes)
    assert second == f"{first} (2)"


def test_roads_of_a_run_are_named_from_the_sweep_file(tmp_path):
    (tmp_path / "plans").mkdir()
    write_sweep(tmp_path / "plans")
    (tmp_path / "roads.graphml").write_text("roads")
    path = tmp_path / "sweep.toml"
    path.write_text('base = "plans/plan.toml"\n[[run]]\ntravel = { method = "roads", file = "roads.graphml" }')
    (wish,) = read_sweep(path).wishes
    assert wish.changes.travel == Roads(method="roads", file="../roads.graphml")
    assert [item.file for item in wish.inputs] == ["roads.graphml", "plan.toml", "campuses.csv", "roster.csv"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[grid]\nofficers = [1]", ["sweep.toml: base: nothing there"]),
        ('base = "plan.toml"', ["sweep.toml: nothing to try; expected [grid]"]),
        ('base = "plan.toml"\n[grid]', ["nothing to try"]),
        ('base = "other.toml"\n[[run]]', ["other.toml: no such file"]),
        (
            'base = "plan.toml"\ngird = 1\n[[run]]',
            ["sweep.toml: gird: unknown key; expected a known key, perhaps grid"],
        ),
        ('base = "plan.toml"\ntime_limit_s = 0\n[[run]]', ["sweep.toml: time_limit_s: 0; expected more than 0"]),
        ('base = "plan.toml"\n[run]\nofficers = 1', ["a list of tables: [[run]], in double brackets"]),
        ('base = "plan.toml"\n[grid]\nofficers = 7', ["sweep.toml: grid.officers: 7; expected a list of values"]),
        ('base = "plan.toml"\n[grid]\nofficers = []', ["grid.officers: []; expected a list of values"]),
        ('base = "plan.toml"\n[grid]\nofficers = [1, 1]', ["expected each value once"]),
        ('base = "plan.toml"\n[grid]\nofficers = { from = 1, too = 2 }', ["a range with the numbers from and to"]),
        ('base = "plan.toml"\n[grid]\nofficers = { from = 1, to = inf }', ["a range with the numbers from and to"]),
        ('base = "plan.toml"\n[grid]\nofficers = { from = 3, to = 1 }', ["a range that goes up"]),
        ('base = "plan.toml"\n[grid]\nofficers = { from = 0, to = 1e9 }', ["at most 20,000 values"]),
        (
            'base = "plan.toml"\n[grid]\nofficers = {from = 1, to = 900}\npolicy.max_shared = {from = 0, to = 99}',
            ["sweep.toml: grid: 90,000 runs; expected at most 20,000"],
        ),
        ('base = "plan.toml"\n[grid]\nofficers = [2, nan]', ["numbers, texts, and lists or tables of them"]),
        ('base = "plan.toml"\n[grid]\nofficers = [+1, 2]', ['+1 without quotes; expected "+1" in quotes']),
        (
            'base = "plan.toml"\n[grid]\npolicy.max_travel = [1, 2]\n[[run]]\nofficer = 3',
            ["grid, policy.max_travel: unknown key; expected a known key, perhaps max_travel_min", "run 1, officer"],
        ),
        (
            'base = "plan.toml"\n[grid]\npolicy = [{ max_shared = 1 }]\n"policy.max_shared" = [2]',
            ["grid: policy and policy.max_shared change the same; expected one of the two"],
        ),
        (
            'base = "plan.toml"\n[[run]]\nname = "a"\n[[run]]\nname = "a"',
            ["2 runs named 'a'; expected each name once; give each run its own"],
        ),
        ('base = "plan.toml"\n[[run]]\nname = "a\\u001b[31m"', ["run 1, name"]),
        ('base = "plan.toml"\nrun = [3]', ["sweep.toml: run 1: 3; expected a table"]),
        ("base = ", ["sweep.toml: not TOML"]),
    ],
)
def test_bad_files_teach(tmp_path, text, expected):
    found = complaints(tmp_path, text)
    assert len(found) == len(expected), found
    for line, part in zip(found, expected, strict=True):
        assert part in line


def test_all_problems_are_told_at_once_and_each_once(tmp_path):
    text = (
        'base = "other.toml"\nextra = 1\n[grid]\nofficers = [1, "many"]\npolicy.max_shard = [1, 2]\n[[run]]\nopen = 3'
    )
    found = complaints(tmp_path, text)
    assert len(found) == len(set(found)) == 5, found
