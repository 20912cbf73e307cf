"""The pytest plugin's door: its options, its mark, its fixture.

This module is imported in every pytest session of an environment that has PEEL, so it imports pytest and the standard
library only. Everything else is imported when a session asks for PEEL: by `--peel`, or by `peel = true` in its
configuration.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from peel.pytest_plugin.fixture import Peel

MARK = (
    "peel(repetitions=20, at_least=None, evaluate=None, evaluators=()): execute the test several times and judge it "
    "by all of them; scenario cases and gates have this mark too"
)
NEEDS = "needs --peel: it asks a language model, which a session does only when it is told to"
UNDECIDED = ("fail", "xfail", "skip")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, as `pytest --help` shows them."""
    group = parser.getgroup("peel", "PEEL: scenarios as tests")
    group.addoption("--peel", action="store_true", help="Collect scenarios; run the tests that need a model.")
    group.addoption(
        "--peel-repetitions", type=_from_one, metavar="N", help="Repetitions, not those of the scenario or mark."
    )
    group.addoption("--peel-variant", action="append", default=[], metavar="V", help="Only this variant. Repeatable.")
    group.addoption(
        "--peel-model", action="append", default=[], metavar="ROLE=NAME", help="Another model for a role. Repeatable."
    )
    group.addoption(
        "--peel-until",
        metavar="RULE",
        help="End the runs of scenarios early: 'decided' (every gate), 'width<0.05' or 'ID:width<0.05'.",
    )
    group.addoption("--peel-reports", type=Path, metavar="DIR", help="Write the reports in every format here.")
    parser.addini("peel", "As if --peel were given.", type="bool", default=False)
    parser.addini(
        "peel_undecided", f"What an undecided gate is: {', '.join(UNDECIDED)}. Default: fail.", default="fail"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark, and the rest of the plugin where the session asks for it."""
    config.addinivalue_line("markers", MARK)
    if _is_wanted(config):
        # Imported late: it brings pydantic, numpy and the workspace, which no other session should wait for.
        from peel.pytest_plugin.session import PeelSession

        config.pluginmanager.register(PeelSession(config), "peel-session")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what is marked, unless the session asks for PEEL."""
    if item.get_closest_marker("peel") is not None and not _is_wanted(item.config):
        pytest.skip(NEEDS)


@pytest.fixture(scope="session")
def peel(request: pytest.FixtureRequest) -> Peel:
    """Runs scenarios and orchestrations of the workspace and returns their records.

    Skips the test unless the session has `--peel`.
    """
    session = request.config.pluginmanager.get_plugin("peel-session")
    if session is None:
        pytest.skip(NEEDS)
    return session.fixture()  # type: ignore[no-any-return]  # a plugin is found by its name


def _is_wanted(config: pytest.Config) -> bool:
    return bool(config.getoption("--peel") or config.getini("peel"))


def _from_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of repetitions, which is 1 or more")
    return int(text)
