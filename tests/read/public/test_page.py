"""The commands of docs/import.md run, and print what the page shows."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from sro_coverage.cli.import_command import import_
from sro_coverage.read.public.formats import FORMATS
from tests.read.public.samples import DATA

PAGE = (Path(__file__).parents[3] / "docs" / "import.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```console\n(.*?)```\n(?:\n```text\n(.*?)```)?", PAGE, re.DOTALL)


@pytest.mark.parametrize(("command", "shown"), BLOCKS, ids=[command.split()[2] for command, _ in BLOCKS])
def test_commands_of_the_page_run(command, shown, tmp_path, monkeypatch):
    for path in DATA.iterdir():
        shutil.copy(path, tmp_path)
    monkeypatch.chdir(tmp_path)
    program, verb, *arguments = shlex.split(command.replace("\\\n", " "))
    assert (program, verb) == ("sro-coverage", "import")
    result = CliRunner().invoke(import_, arguments)
    assert result.exit_code == 0, result.stderr
    if shown:
        assert [line.rstrip() for line in result.stdout.splitlines()] == [line.rstrip() for line in shown.splitlines()]


def test_every_format_stands_on_the_page():
    assert [known.name for known in FORMATS if known.name not in PAGE] == []
