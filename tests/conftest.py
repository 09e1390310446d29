"""What holds for all tests."""

import signal

import pytest


@pytest.fixture(scope="session", autouse=True)
def _is_interrupted_by_ctrl_c():
    """Take Ctrl-C also where the suite was started with interrupts ignored, as shells start what runs behind."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
