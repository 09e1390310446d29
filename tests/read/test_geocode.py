"""Geocoding against a server on this machine: what is sent, what is believed, and what survives."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner, Result

from sro_coverage.cli.geocode_command import PROVIDERS as NAMES
from sro_coverage.cli.geocode_command import geocode
from sro_coverage.errors import DataError
from sro_coverage.read.geocode import (
    PROVIDERS,
    Answer,
    Asker,
    Cache,
    Candidate,
    NoAnswerError,
    Outcome,
    fill,
    gather,
    read_addresses,
    service,
    transport,
)
from sro_coverage.read.geocode import ask as ask_module
from sro_coverage.read.geocode.table import settle
from tests.read.geocoder_stub import Reply, Stub, census, nominatim, photon

KERN = "340 East Kern St., Dinuba, CA 93618"
POINT = (36.541679, -119.38666)
EVIL = "\x1b[31m\u202e=cmd|x"

TABLE = f"""\
id,name,secret,address,lat,lon,point_source,note
high,Dinuba High,do not send,"{KERN}",,,estimate,"a, b"
known,Known,do not send,"1 Known St, Dinuba",36.55,-119.38,nces_edge,
none,No address,do not send,,,,,
west,West,do not send,"8470 Avenue 406, Dinuba",,,,
twin,Twin,do not send,"{KERN.upper()}  ",,,,
"""


@pytest.fixture(autouse=True)
def direct(monkeypatch):
    """No proxy between a test and its stub, and no waiting before another attempt."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(ask_module, "PAUSES_S", ())


def write(folder: Path, text: str = TABLE) -> Path:
    (folder / "campuses.csv").write_text(text, encoding="utf-8")
    return folder / "campuses.csv"


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(geocode, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


def numbered(count: int) -> str:
    """A table of as many addresses in one town."""
    return "id,address\n" + "".join(f'c{number},"{number} Main St, Dinuba"\n' for number in range(1, count + 1))


def in_town(address: str, count: int = 0) -> Reply:
    """Say that a house stands in Dinuba, at a place of its own."""
    number = int(address.split()[0])
    return census((36.54 + number / 1e4, -119.38), label=f"{number} MAIN ST, DINUBA, CA, 93618")


class Time:
    """A clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.naps: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds


def asker(stub: Stub, name: str = "census", *, delay_s: float = 0, timeout_s: float = 5) -> tuple[Asker, Time]:
    time = Time()
    chosen = service(name, server=stub.url, delay_s=delay_s, timeout_s=timeout_s)
    return Asker(chosen, clock=lambda: time.now, sleep=time.sleep), time


# -- what is sent


def test_the_command_offers_the_providers():
    assert tuple(PROVIDERS) == NAMES


def test_nothing_is_sent_without_a_provider(tmp_path):
    with Stub(in_town) as stub:
        result = run(write(tmp_path), "--server", stub.url)
    assert (result.exit_code, stub.asked) == (2, [])
    assert "2 addresses without a point. Nothing was sent." in result.stderr
    assert f"  {KERN}\n" in result.stderr
    assert "census, nominatim or photon" in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["campuses.csv"]


@pytest.mark.parametrize(
    ("name", "reply", "path", "query"),
    [
        (
            "census",
            census(),
            "/geocoder/locations/onelineaddress",
            {"address": KERN, "benchmark": "Public_AR_Current", "format": "json"},
        ),
        ("nominatim", nominatim(), "/search", {"q": KERN, "format": "json", "limit": "5"}),
        ("photon", photon(), "/api", {"q": KERN, "limit": "5"}),
    ],
)
def test_a_request_holds_the_address_and_nothing_else_of_the_table(tmp_path, name, reply, path, query):
    table = write(tmp_path, f'id,name,secret,address\nhigh,Dinuba High,classified,"{KERN}"\n')
    with Stub(lambda address, count: reply) as stub:
        run(table, "--provider", name, "--server", stub.url, "--user-agent", "Tiny PD, me@tiny.example")
    (asked,) = stub.asked
    assert (asked.path, asked.query) == (path, query)
    assert asked.headers["User-Agent"] == "Tiny PD, me@tiny.example"
    assert set(asked.headers) == {"Accept-Encoding", "Host", "User-Agent", "Connection"}


def test_an_own_server_may_stand_in_a_folder():
    with Stub(lambda address, count: nominatim({})) as stub:
        chosen = service("nominatim", server=f"{stub.url}/maps/nominatim/")
        assert Asker(chosen)(KERN)
    assert stub.asked[0].path == "/maps/nominatim/search"


def test_only_rows_with_an_address_and_no_point_are_asked_for_and_each_address_once(tmp_path):
    with Stub(lambda address, count: census(POINT, label=address)) as stub:
        run(write(tmp_path), "--provider", "census", "--server", stub.url, "--delay", 0)
    assert stub.addresses == [KERN, "8470 Avenue 406, Dinuba"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--provider", "nominatim"], "--user-agent: nothing there; expected who asks"),
        (["--provider", "nominatim", "--user-agent", "me"], "--user-agent: 'me'; expected who asks"),
        (["--provider", "nominatim", "--user-agent", "me@x.y", "--delay", "0.5"], "--delay: 0.5 s; expected at"),
        (
            ["--provider", "nominatim", "--server", "https://NOMINATIM.openstreetmap.org:443/", "--delay", "0"],
            "--delay: 0 s; expected at least 1 s",
        ),
        (["--provider", "photon", "--delay", "nan"], "--delay: nan s; expected at least 1 s"),
        (["--provider", "census", "--server", "http://:secret@x/"], "expected a web address"),
        (["--provider", "photon", "--delay", "0"], "--delay: 0 s; expected at least 1 s"),
        (["--provider", "census", "--user-agent", "a\r\nX-Evil: 1"], "--user-agent: 'a\\r\\nX-Evil: 1'; expected one"),
        (["--provider", "census", "--server", "file:///etc/passwd"], "--server: 'file:///etc/passwd'; expected a web"),
        (["--provider", "census", "--server", "http://x:y"], "--server: 'http://x:y'; expected a web address"),
        (["--provider", "census", "--server", "http://x/?key=1"], "expected a web address"),
        (["--provider", "census", "--out", "points.xlsx"], "points.xlsx: a .xlsx ending; expected a file"),
        (["--provider", "census", "--out", "campuses.csv"], "would overwrite an input"),
    ],
)  # fmt: skip
def test_terms_and_mistakes_stop_the_run_before_anything_is_sent(tmp_path, monkeypatch, arguments, told):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Asker, "__init__", None)  # whoever asks, fails
    result = run(write(tmp_path).name, *arguments)
    assert result.exit_code == 2
    assert told in result.stderr


def test_a_public_server_that_forbids_bulk_use_gets_no_long_table(tmp_path, monkeypatch):
    monkeypatch.setattr(Asker, "__init__", None)
    result = run(write(tmp_path, numbered(1001)), "--provider", "photon")
    assert result.exit_code == 2
    assert "1,001 addresses; expected at most 1,000" in result.stderr


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id,name\na,b\n", "no column address"),
        ("id,adress\na,b\n", "no column address"),
        ("id,address,Latitude,Longitude\na,1 Main St,36,-119\n", "column 'Latitude'; expected points in columns lat"),
        ('id,address,lat,lon\na,1 Main St,36,\n', "row 2, lat and lon: '36', nothing; expected degrees in both"),
        ('id,address,lat,lon\na,1 Main St,n/a,n/a\n', "row 2, lat and lon: 'n/a', 'n/a'"),
        ('id,address,lat,lon\na,1 Main St,391,-119\n', "row 2, lat and lon: '391', '-119'"),
        (f"id,address\na,1 Main {'x' * 200}\n", "row 2, address: '1 Main xxx"),
        ("id,address\na,1 \x1b[31m Main\n", "row 2, address: '1 \\x1b[31m Main'; expected at most 200"),
        ("id,,,address\na,b,c,1 Main St\n", "cells under columns without a name"),
    ],
)  # fmt: skip
def test_a_table_that_is_not_clear_is_refused(tmp_path, text, told):
    with pytest.raises(DataError) as caught:
        read_addresses(write(tmp_path, text))
    assert told in str(caught.value)


# -- what is believed


@pytest.mark.parametrize(
    ("name", "reply", "quality", "confidence"),
    [
        ("census", census(POINT), "address range", "medium"),
        ("nominatim", nominatim({}), "place:house", "medium"),
        ("nominatim", nominatim({"class": "amenity", "type": "school"}), "amenity:school", "medium"),
        ("nominatim", nominatim({"class": "building", "type": "yes", "place_rank": None}), "building:yes", "medium"),
        ("nominatim", nominatim({"class": "highway", "type": "service", "place_rank": 27}), "highway:service", "low"),
        ("nominatim", nominatim({"class": "place", "type": "city", "place_rank": 16}), "place:city", "low"),
        ("photon", photon({}), "house", "medium"),
        ("photon", photon({"type": None}), "house", "medium"),
        ("photon", photon({"type": "street", "osm_value": "residential"}), "street", "low"),
        ("photon", photon({"housenumber": "342"}), "house", "low"),
        ("census", census(POINT, label="34 E KERN ST, DINUBA, CA, 93618"), "address range", "low"),
    ],
)  # fmt: skip
def test_quality_becomes_confidence(name, reply, quality, confidence):
    with Stub(lambda address, count: reply) as stub:
        found = settle(KERN, Answer(asker(stub, name)[0](KERN), "2026-11-01"))
    assert isinstance(found, Candidate)
    assert (found.lat, found.lon, found.quality, found.confidence) == (*POINT, quality, confidence)


@pytest.mark.parametrize(("name", "reply"), [("census", census()), ("nominatim", nominatim()), ("photon", photon())])
def test_no_match_is_an_answer(name, reply):
    with Stub(lambda address, count: reply) as stub:
        assert asker(stub, name)[0](KERN) == ()
    assert settle(KERN, Answer((), "2026-11-01")) == "no match"


def candidate(lat: float, confidence: str = "medium", label: str = "340 E KERN ST") -> Candidate:
    return Candidate(lat, -119.38, "x", confidence, label)


def test_candidates_that_agree_are_one_place_and_others_none():
    def best(*candidates: Candidate) -> Candidate | str:
        return settle(KERN, Answer(candidates, "2026-11-01"))

    near, also, far = candidate(36.54), candidate(36.541), candidate(36.56, label="340 W KERN ST")
    assert best(near, also) == near
    assert best(near, far) == (
        "2 candidates, 2.2 km apart: 340 E KERN ST (36.54000, -119.38000) | 340 W KERN ST (36.56000, -119.38000)"
    )
    assert best(candidate(36.56, "low"), near) == near
    assert best(candidate(36.56, label="99 E KERN ST"), near) == near  # another house number is low


UNUSABLE = {
    "out of range": census((391.2, -119.4)),
    "longitude out of range": census((36.5, -219.4)),
    "Atlantic": census((0, 0)),
    "NaN": Reply(census(POINT).body.replace("36.541679", "NaN")),
    "huge number": Reply(census(POINT).body.replace("36.541679", "9" * 400)),
    "truth value": Reply(census(POINT).body.replace("36.541679", "true")),
    "text": Reply(census(POINT).body.replace("36.541679", '"\\u001b[31mnorth"')),
    "no point": Reply(census(POINT).body.replace('"y"', '"z"')),
    "other JSON": Reply('{"answer": 42}'),
    "null": Reply("null"),
    "list": Reply("[]"),
    "redirect": Reply(status=302, headers={"Location": "/geocoder/elsewhere?address=x"}),
    "not found": Reply(status=404),
}
PASSING = {
    "HTML": Reply("<html><body>Sign in to the network</body></html>"),
    "half JSON": Reply(census(POINT).body[:90]),
    "nothing": Reply(""),
    "no text": Reply(b"\xff\xfe\x00"),
    "deep": Reply("[" * 100_000),
    "too long": Reply(" " * 1_100_000 + "{}"),
    "cut off": Reply(census(POINT).body, missing=100),
    "not HTTP": Reply(status=200, headers={"Transfer-Encoding": "chunked"}, body="zz\r\n"),
    "500": Reply("oops", status=500),
    "503": Reply(status=503),
    "429": Reply(status=429),
    "odd Retry-After": Reply(status=429, headers={"Retry-After": "Fri, 31 Dec 99999 23:59:59 GMT"}),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_an_answer_that_makes_no_sense_is_no_point_and_not_asked_for_again(case, monkeypatch):
    monkeypatch.setattr(ask_module, "PAUSES_S", (2, 10))
    with Stub(lambda address, count: UNUSABLE[case]) as stub, pytest.raises(NoAnswerError) as caught:
        asker(stub)[0](KERN)
    assert (caught.value.kind, len(stub.asked)) == ("unusable", 1)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("body", ["null", "{}", '""', '{"error": "no"}', "[1]", '[{"lat": 1}]', '{"features": null}'])
@pytest.mark.parametrize("name", ["nominatim", "photon"])
def test_what_geopy_takes_for_no_match_is_told_as_garbage(name, body):
    with Stub(lambda address, count: Reply(body)) as stub, pytest.raises(NoAnswerError) as caught:
        asker(stub, name)[0](KERN)
    assert caught.value.kind == "unusable"


@pytest.mark.parametrize("case", PASSING)
def test_a_failure_that_may_pass_is_asked_again_with_growing_pauses(case, monkeypatch):
    monkeypatch.setattr(ask_module, "PAUSES_S", (2, 10))
    with Stub(lambda address, count: PASSING[case] if count < 2 else census(POINT)) as stub:
        ask, time = asker(stub)
        assert len(ask(KERN)) == 1
    assert (time.naps, stub.addresses) == ([2, 10], [KERN] * 3)


@pytest.mark.parametrize("case", PASSING)
def test_a_failure_that_stays_is_told_after_the_last_attempt(case, monkeypatch):
    monkeypatch.setattr(ask_module, "PAUSES_S", (2, 10))
    with Stub(lambda address, count: PASSING[case]) as stub, pytest.raises(NoAnswerError) as caught:
        asker(stub)[0](KERN)
    assert (caught.value.kind, len(stub.asked)) == ("passing", 3)


def test_a_time_out_is_one_request_and_may_pass(monkeypatch):
    with Stub(lambda address, count: Reply(hangs=True)) as stub:
        with pytest.raises(NoAnswerError, match="no answer in time"):
            asker(stub, timeout_s=0.1)[0](KERN)
        assert len(stub.asked) == 1
    with pytest.raises(NoAnswerError, match="no connection"):  # the stub is gone now
        asker(stub)[0](KERN)


def test_an_answer_that_drips_for_ever_is_a_time_out(monkeypatch):
    class Page:
        length = None

        def read1(self, size: int) -> bytes:
            time.sleep(1)
            return b" "

    time = Time()
    monkeypatch.setattr(transport.time, "monotonic", lambda: time.now)
    with pytest.raises(TimeoutError):
        transport._body(Page(), deadline=time.now + 5)
    assert time.now == 106


def test_retry_after_is_honoured_and_a_long_one_ends_the_run(monkeypatch):
    monkeypatch.setattr(ask_module, "PAUSES_S", (2, 10))

    def busy(wait: str, status: int) -> Callable[[str, int], Reply]:
        return lambda address, count: census(POINT) if count else Reply(status=status, headers={"Retry-After": wait})

    for status in (429, 503):
        with Stub(busy("77", status)) as stub:
            ask, time = asker(stub)
            ask(KERN)
        assert time.naps == [77]
        with Stub(busy("3600", status)) as stub, pytest.raises(NoAnswerError, match="3,600 s") as caught:
            asker(stub)[0](KERN)
        assert (caught.value.kind, len(stub.asked)) == ("barred", 1)


def test_requests_keep_their_distance():
    with Stub(in_town) as stub:
        ask, time = asker(stub, delay_s=1.5)
        for number in (1, 2, 3):
            ask(f"{number} Main St")
    assert time.naps == [1.5, 1.5]


# -- one run


def remember(path: Path) -> Cache:
    return Cache(path / "cache.sqlite", service("census", server="http://127.0.0.1:1"))


def scripted(script: dict[str, NoAnswerError | BaseException]) -> Callable[[str], tuple[Candidate, ...]]:
    def ask(address: str) -> tuple[Candidate, ...]:
        if address in script:
            raise script[address]
        return (candidate(36.54),)

    return ask


def test_failures_are_noted_and_three_in_a_row_end_the_run(tmp_path):
    bad = NoAnswerError("garbage", "unusable")
    refused = NoAnswerError("refused", "refused")
    ask = scripted({"b": bad, "c": bad, "e": bad, "f": refused, "g": bad, "h": refused, "i": bad})
    outcome = gather("abcdefghijk", ask=ask, cache=remember(tmp_path), today="2026-11-01")
    assert list(outcome.answers) == ["a", "d"]
    assert list(outcome.failures) == ["b", "c", "e", "f", "g", "h", "i"]
    assert outcome.stopped == "3 failures in a row, the last: garbage"


def test_any_number_of_refused_addresses_does_not_end_the_run(tmp_path):
    refused = NoAnswerError("refused", "refused")
    ask = scripted(dict.fromkeys("abcdef", refused))
    assert gather("abcdefg", ask=ask, cache=remember(tmp_path), today="2026-11-01").stopped == ""


def test_a_server_that_bars_us_is_left_alone(tmp_path):
    with Stub(lambda address, count: Reply(status=403)) as stub:
        result = run(write(tmp_path, numbered(5)), "--provider", "census", "--server", stub.url)
    assert (result.exit_code, len(stub.asked)) == (3, 1)
    assert "Ended early (HTTP status 403: the server does not want these questions): 4 addresses left" in result.stderr


def test_answers_and_no_match_are_kept_and_errors_are_not(tmp_path):
    cache = remember(tmp_path)
    outcome = gather(
        ["1 Main St", "2 Main St"],
        ask=scripted({"2 Main St": NoAnswerError("x", "passing")}),
        cache=cache,
        today="2026-11-01",
    )
    cache.keep("3 Main St", Answer((), "2026-11-01"))
    assert cache.find(" 1  MAIN st") == outcome.answers["1 Main St"]
    assert cache.find("2 Main St") is None
    assert cache.find("3 Main St") == Answer((), "2026-11-01")
    other = Cache(tmp_path / "cache.sqlite", service("census", server="http://127.0.0.1:2"))
    assert other.find("1 Main St") is None


def test_a_file_that_is_no_cache_is_left_alone(tmp_path):
    (tmp_path / ".geocode-cache.sqlite").write_text("my diary " * 100)
    result = run(write(tmp_path), "--provider", "census", "--server", "http://127.0.0.1:1")
    assert result.exit_code == 2
    assert "no usable cache" in result.stderr
    assert (tmp_path / ".geocode-cache.sqlite").read_text().startswith("my diary")


# -- the table


def test_the_table_keeps_its_rows_columns_and_order(tmp_path):
    with Stub(lambda address, count: census(POINT, label=address)) as stub:
        result = run(write(tmp_path), "--provider", "census", "--server", stub.url, "--delay", 0)
    assert result.exit_code == 0
    assert "3 new points (0 low), 0 rows without." in result.stdout
    before, after = rows(tmp_path / "campuses.csv"), rows(tmp_path / "campuses_geocoded.csv")
    added = ["point_confidence", "point_date", "point_quality"]
    assert list(after[0]) == [*before[0], *added]
    assert after[1] == before[1] | dict.fromkeys(added, "")
    assert after[2] == before[2] | dict.fromkeys(added, "")
    high = after[0]
    assert (high["lat"], high["lon"], high["point_source"]) == ("36.541679", "-119.386660", "census")
    assert (high["point_confidence"], high["point_quality"]) == ("medium", "address range")
    assert (high["note"], high["secret"], len(high["point_date"])) == ("a, b", "do not send", 10)


def test_a_second_run_asks_nothing_and_writes_the_same(tmp_path):
    table, arguments = write(tmp_path, numbered(4)), ["--provider", "census", "--delay", 0]
    with Stub(lambda address, count: census() if address[0] == "2" else in_town(address)) as stub:
        first = run(table, *arguments, "--server", stub.url)
        content = (tmp_path / "campuses_geocoded.csv").read_text()
        second = run(table, *arguments, "--server", stub.url + "/")
    assert first.exit_code == second.exit_code == 3
    assert len(stub.asked) == 4
    assert "row 3, '2 Main St, Dinuba': no match" in second.stdout
    assert (tmp_path / "campuses_geocoded.csv").read_text() == content


def test_excel_in_csv_out(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["id", "address", "lat", "lon", "enrollment"])
    book.active.append(["0012", "1 Main St,\nDinuba", None, None, 420])
    book.save(tmp_path / "campuses.xlsx")
    with Stub(in_town) as stub:
        assert run(tmp_path / "campuses.xlsx", "--provider", "census", "--server", stub.url).exit_code == 0
    assert stub.addresses == ["1 Main St, Dinuba"]
    (row,) = rows(tmp_path / "campuses_geocoded.csv")
    assert (row["id"], row["enrollment"], row["lat"]) == ("0012", "420", "36.540100")


def test_a_point_far_from_all_others_is_not_taken(tmp_path):
    asked = read_addresses(write(tmp_path, numbered(4)))
    answers = {
        address: Answer((candidate(36.54 + number / 100, label=address),), "2026-11-01")
        for number, address in enumerate(asked.to_ask)
    }
    kansas = Answer((candidate(39.8, label="4 Main St, Kansas"),), "2026-11-01")
    filled = fill(asked, Outcome(answers | {asked.to_ask[3]: kansas}), "census")
    assert (filled.num_medium, filled.num_without) == (3, 1)
    assert "point 39.80000, -119.38000 (4 Main St, Kansas) is more than 100 km from any other" in filled.remarks[0]
    fallback = dict.fromkeys(asked.to_ask[2:], kansas)
    assert fill(asked, Outcome(answers | fallback), "census").num_without == 2  # equal points do not vouch


def test_hostile_text_reaches_neither_terminal_nor_formula(tmp_path):
    reply = nominatim({"class": EVIL, "type": EVIL, "display_name": f"340 {EVIL}"})
    table = write(tmp_path, f'id,address\na{EVIL},"{KERN}"\n')
    with Stub(lambda address, count: reply) as stub:
        result = run(table, "--provider", "nominatim", "--server", stub.url)
    assert "\x1b" not in result.output
    assert "\u202e" not in result.output
    (row,) = rows(tmp_path / "campuses_geocoded.csv")
    assert row["point_quality"].startswith("31mcmdx")
    assert row["id"] == f"a{EVIL}"  # the table's own text is kept


def test_failed_rows_are_told_one_by_one(tmp_path):
    bad = {"2": UNUSABLE["out of range"], "4": Reply("<html>"), "6": Reply(status=400)}
    with Stub(lambda address, count: bad.get(address[0]) or in_town(address)) as stub:
        result = run(write(tmp_path, numbered(6)), "--provider", "census", "--server", stub.url, "--delay", 0)
    assert result.exit_code == 3
    assert "3 new points (0 low), 3 rows without." in result.stdout
    assert "row 3, '2 Main St, Dinuba': failed: an answer that makes no sense (point 391.2, -119.4" in result.stdout
    assert "row 5, '4 Main St, Dinuba': failed: an answer that is no JSON, or half of it" in result.stdout
    assert "row 7, '6 Main St, Dinuba': failed: HTTP status 400: the server refuses this address" in result.stdout
    assert [bool(row["lat"]) for row in rows(tmp_path / "campuses_geocoded.csv")] == [True, False] * 3


# -- stopped in the middle


def start(table: Path, stub: Stub) -> subprocess.Popen[str]:
    code = "from sro_coverage.cli.geocode_command import geocode; geocode()"
    arguments = [str(table), "--provider", "census", "--server", stub.url, "--delay", "0", "--timeout", "60"]
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "no_proxy": "127.0.0.1"},
        cwd=Path(__file__).parents[2],
    )


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_run_stopped_in_the_middle_goes_on_where_it_was(tmp_path, how):
    table = write(tmp_path, numbered(9))
    target = tmp_path / "campuses_geocoded.csv"
    with Stub(lambda address, count: Reply(hangs=True) if count == 5 else in_town(address)) as stub:
        with start(table, stub) as process:
            stub.wait_for(6)
            process.send_signal(how)
            _, told = process.communicate(timeout=60)
        if how is signal.SIGKILL:
            assert not target.exists()
        else:
            assert process.returncode == 3
            assert "Ended early (stopped by you): 4 addresses left" in told
            assert sum(bool(row["lat"]) for row in rows(target)) == 5
        again = run(table, "--provider", "census", "--server", stub.url, "--delay", 0)
    assert again.exit_code == 0
    assert "4 addresses to ask" in again.stderr
    assert "5 known from before" in again.stderr
    numbers = [int(address.split()[0]) for address in stub.addresses]
    assert numbers == [1, 2, 3, 4, 5, 6, 6, 7, 8, 9]
    assert all(row["lat"] for row in rows(target))


def test_the_answers_of_the_stub_are_well_formed():
    assert json.loads(census(POINT).body)["result"]["addressMatches"][0]["coordinates"] == {
        "x": POINT[1],
        "y": POINT[0],
    }
