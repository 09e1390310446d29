"""Computed travel times kept beside the plan file, each with the hash of what it was made from."""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from sro_coverage.travel.times import TravelTimes

FOLDER = "travel"
_ARRAYS = ("row_start", "destination", "out_s", "back_s")


def sha256_of(path: Path) -> str:
    """Hash a file without holding it in memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def stored(folder: Path, stem: str, inputs: dict[str, Any], compute: Callable[[], TravelTimes]) -> TravelTimes:
    """
    Give the stored times for these inputs, or compute and store them.

    Parameters
    ----------
    folder
        Of the plan file; the times lie in ``travel/`` under it.
    stem
        Begins the file's name, for people.
    inputs
        Everything that the times depend on, engine and version included; its hash ends the name.

    Returns
    -------
    TravelTimes
        Their source names the stored file, or says that it could not be written.
    """
    text = json.dumps(inputs, sort_keys=True)
    key = hashlib.sha256(text.encode()).hexdigest()[:16]
    path = folder / FOLDER / f"{stem}-{key}.npz"
    found = _load(path, text)
    if found is None:
        found = compute()
        try:
            _save(path, text, found)
        except OSError as error:
            return found.named(f"{found.source}; not stored ({error.strerror or error})")
    return found.named(f"{found.source}; matrix {path.name}")


def _load(path: Path, inputs: str) -> TravelTimes | None:
    """Read a stored matrix; anything but an intact one for exactly these inputs counts as none."""
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            about = json.loads(str(file["about"]))
            if about["inputs"] != json.loads(inputs):
                return None
            arrays = {name: file[name] for name in _ARRAYS}
            return TravelTimes(**arrays, source=about["source"], notes=tuple(about["notes"]))
    except (OSError, ValueError, KeyError, TypeError, EOFError, RuntimeError, BadZipFile, zlib.error):
        return None


def _save(path: Path, inputs: str, times: TravelTimes) -> None:
    about = {
        "inputs": json.loads(inputs),
        "source": times.source,
        "notes": times.notes,
        "date": datetime.now(UTC).date().isoformat(),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp.npz")
    try:
        np.savez_compressed(beside, about=json.dumps(about), **{name: getattr(times, name) for name in _ARRAYS})
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
