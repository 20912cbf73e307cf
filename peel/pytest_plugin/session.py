"""The plugin of a session that asks for PEEL: collects, begins the runs, and tells of them at the end."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from peel.errors import PeelError
from peel.plugins import nearest
from peel.pytest_plugin.addresses import Address, wanted_runs
from peel.pytest_plugin.collecting import GATE_MARK, PeelItem, ScenarioFile, ScenarioPaths
from peel.pytest_plugin.fixture import Peel
from peel.pytest_plugin.judging import Outcome
from peel.pytest_plugin.loop import Loop
from peel.pytest_plugin.marked import call_repeatedly, is_to_be_repeated
from peel.pytest_plugin.options import Options
from peel.pytest_plugin.reporting import category_of, mark_outcome, summarise_session, write_reports
from peel.pytest_plugin.running import LocalRuns
from peel.pytest_plugin.workers import RemoteRuns, RunsForWorkers
from peel.scenarios.finding import find_scenarios, find_workspace
from peel.scenarios.loading import LoadedScenario, load_scenario
from peel.workspace import Workspace


class PeelSession:
    """One session, or one worker of one under xdist. Hooks are called by pytest."""

    def __init__(self, config: pytest.Config) -> None:
        self.options = Options.of(config)
        self._config = config
        self._loop = Loop()
        self._paths = ScenarioPaths()
        self._known_marks = {"peel"}
        self._written: dict[str, Mapping[str, Path]] = {}
        worker: Mapping[str, Any] | None = getattr(config, "workerinput", None)
        self._runs: LocalRuns | RemoteRuns = (
            RemoteRuns(worker["peel"]) if worker and "peel" in worker else LocalRuns(self._loop, self.options)
        )
        self._for_workers: RunsForWorkers | None = None
        self.know_mark(GATE_MARK, what="the gates of scenarios")

    def outcome(self, address: Address) -> Outcome:
        """Wait for what an address stands for."""
        return self._runs.outcome(address)

    def takes_variant(self, name: str) -> bool:
        """Whether the options leave a variant in."""
        return not self.options.variants or name in self.options.variants

    def know_mark(self, name: str, *, what: str = "the cases with this tag") -> None:
        """Register a mark once, so that `--strict-markers` knows it."""
        if name not in self._known_marks:
            self._known_marks.add(name)
            self._config.addinivalue_line("markers", f"{name}: {what}")

    def fixture(self) -> Peel:
        """What the fixture `peel` gives."""
        return self._fixture

    @cached_property
    def _fixture(self) -> Peel:
        return Peel(self._loop, self.options, folders=(self._config.rootpath, self._config.invocation_params.dir))

    def load(self, path: Path) -> tuple[Path, LoadedScenario]:
        """A scenario file and the workspace it lies in, once all of it compiles. Raises CollectError."""
        root = find_workspace(path)
        if root is None:
            raise pytest.Collector.CollectError(f"{path}: no folder with `scenarios/` in it, here or above")
        loaded = load_scenario(path, root=root)
        try:
            with Workspace(root) as workspace:
                self._check_roles(workspace)
                self._check_variants(root, loaded)
                self._loop.wait_for(workspace.check([str(path)]))
        except PeelError as error:
            raise pytest.Collector.CollectError(str(error)) from error
        return root, loaded

    def _check_roles(self, workspace: Workspace) -> None:
        roles = workspace.definition.models
        for role in self.options.models:
            if role not in roles:
                raise PeelError(f"--peel-model: unknown model role {role!r}; {nearest(role, roles)}")

    def _check_variants(self, root: Path, loaded: LoadedScenario) -> None:
        """A variant that is asked for need not be this scenario's, but one of the workspace must have it."""
        known = _variants_of(loaded)
        if known.issuperset(self.options.variants):
            return
        known = known.union(*(_variants_of(load_scenario(path, root=root)) for path in find_scenarios(root)))
        for name in self.options.variants:
            if name not in known:
                raise PeelError(f"--peel-variant: no scenario has the variant {name!r}; {nearest(name, known)}")

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        named = file_path.suffix in (".yaml", ".yml") and parent.session.isinitpath(file_path)
        if not named and not self._paths.has(file_path):
            return None
        file: ScenarioFile = ScenarioFile.from_parent(parent, path=file_path)
        file.session_of_peel = self
        return file

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Begin to execute what is selected; the tests wait for their own part of it."""
        broken = session.testsfailed and not session.config.getoption("continue_on_collection_errors")
        if session.config.getoption("collectonly") or broken:
            return
        items = [item for item in session.items if isinstance(item, PeelItem)]
        self._runs.begin(wanted_runs((item.address, item.scenario) for item in items))

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        """A test with the mark is called repeatedly, and judged by all calls."""
        __tracebackhide__ = True
        if not is_to_be_repeated(pyfuncitem):
            return None
        call_repeatedly(pyfuncitem, self.options, self._loop, peel=self.fixture)
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        mark_outcome(item, call, report)
        return report

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        return category_of(report)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """xdist makes a worker: tell it where the runs are."""
        if self._for_workers is None and isinstance(self._runs, LocalRuns):
            self._for_workers = RunsForWorkers(self._runs)
        if self._for_workers is not None:
            node.workerinput["peel"] = self._for_workers.invitation

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        self._runs.stop()
        if self.options.reports is not None and isinstance(self._runs, LocalRuns):
            self._written = write_reports(self._runs, self.options.reports)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        watched = self._runs.watched if isinstance(self._runs, LocalRuns) else ()
        summarise_session(terminalreporter, watched, written=self._written)

    def pytest_unconfigure(self) -> None:
        if self._for_workers is not None:
            self._for_workers.close()
        self._runs.close()
        self._loop.close()


def _variants_of(loaded: LoadedScenario) -> set[str]:
    return {variant.name for variant in loaded.scenario.variants} if loaded.scenario else set()
