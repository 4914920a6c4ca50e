"""pytest: a bag and a file of checks make a test.

A file ``NAME.replay.yaml`` is collected like a test module, and each of its checks like a test
function. Tests in Python may ask for the fixtures below instead. Nothing of ROS is imported before
a test needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from emotion_bot.replay.outcome import ReplayOutcome
    from emotion_core.replay.check_results import CheckResult
    from emotion_core.replay.checks import Check

SUFFIXES = (".replay.yaml", ".replay.yml")


class CheckFailed(AssertionError):  # noqa: N818  an assertion, not an error
    """A run is not as a check wants it; the message gives figure and bounds."""


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker of collected checks."""
    config.addinivalue_line("markers", "replay: a check on a bag")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect files of checks."""
    if file_path.name.endswith(SUFFIXES):
        return ReplayFile.from_parent(parent, path=file_path)
    return None


class ReplayFile(pytest.File):
    """A file of checks; its bag is replayed once, when the first check needs it."""

    _outcome: ReplayOutcome | None = None

    def collect(self) -> Iterator[pytest.Item]:
        """Yield one item for each check."""
        from emotion_core.replay.check_file import ChecksError, load_checks

        try:
            self._file = load_checks(self.path)
        except ChecksError as error:
            raise self.CollectError(str(error)) from error
        if self._file.bag is None and self._file.scene is None:
            raise self.CollectError(f"{self.path}: bag or scene is missing")
        for check in self._file.checks:
            yield ReplayItem.from_parent(self, name=check.title, check=check)

    def outcome(self) -> ReplayOutcome:
        """Return what came of the bag."""
        if self._outcome is None:
            self._outcome = _replayed(self._bag(), self._mode())
        return self._outcome

    def _mode(self) -> str:
        return self._file.mode.value if self._file.mode else "exact"

    def _bag(self) -> Path:
        if self._file.bag is not None:
            return self._file.bag
        assert self._file.scene is not None  # noqa: S101
        factory: pytest.TempPathFactory = self.config._tmp_path_factory  # type: ignore[attr-defined]
        folder = factory.mktemp("replay") / "scene"
        return _scene_bag(folder, self._file.scene.mode, self._file.scene.duration)


class ReplayItem(pytest.Item):
    """One check."""

    def __init__(self, *, check: Check, **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        self._check = check
        self.add_marker(pytest.mark.replay)

    def runtest(self) -> None:
        """Compare the figure with its bounds."""
        from emotion_core.replay.check_results import evaluate

        assert isinstance(self.parent, ReplayFile)  # noqa: S101
        _require(evaluate([self._check], self.parent.outcome().run))

    def repr_failure(
        self,
        excinfo: pytest.ExceptionInfo[BaseException],
        style: str | None = None,  # noqa: ARG002
    ) -> str:
        """Return the reason without Python's traceback."""
        if isinstance(excinfo.value, CheckFailed):
            return f"{self.path.name}: {excinfo.value}"
        return f"{type(excinfo.value).__name__}: {excinfo.value}"

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return where the check stands."""
        return self.path, None, self.name


@pytest.fixture(scope="session")
def replay_bag() -> Callable[..., ReplayOutcome]:
    """Replay a bag: ``replay_bag(path, mode="exact")``; once per session and bag."""
    known: dict[tuple[Path, str], ReplayOutcome] = {}

    def replay(path: Path, mode: str = "exact") -> ReplayOutcome:
        key = Path(path), mode
        if key not in known:
            known[key] = _replayed(*key)
        return known[key]

    return replay


@pytest.fixture(scope="session")
def check_bag(replay_bag: Callable[..., ReplayOutcome]) -> Callable[..., list[CheckResult]]:
    """Fail unless a bag passes a file of checks: ``check_bag(path, checks_file)``."""
    from emotion_core.replay.check_file import load_checks
    from emotion_core.replay.check_results import evaluate

    def check(path: Path, checks: Path) -> list[CheckResult]:
        file = load_checks(Path(checks))
        run = replay_bag(path, file.mode.value if file.mode else "exact").run
        results = evaluate(file.checks, run)
        _require(results)
        return results

    return check


@pytest.fixture(scope="session")
def scene_bag(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Make a bag from the built-in scene: ``scene_bag("step:25,time=2", 5.0)``."""
    known: dict[tuple[str, float], Path] = {}

    def make(mode: str = "still", duration: float = 3.0) -> Path:
        key = mode, duration
        if key not in known:
            folder = tmp_path_factory.mktemp("bag") / "scene"
            known[key] = _scene_bag(folder, mode, duration)
        return known[key]

    return make


def _replayed(path: Path, mode: str) -> ReplayOutcome:
    from emotion_bot.replay import outcome

    return outcome.recorded(path) if mode == "recorded" else outcome.exact(path)


def _scene_bag(path: Path, mode: str, duration: float) -> Path:
    from emotion_bot.replay.offline_robot import RobotSettings
    from emotion_bot.replay.source_bag import write_source_bag
    from emotion_bot.up.processes import config_directory
    from emotion_core.replay.bag_writer import BagOptions

    write_source_bag(
        path,
        f"scene:{mode}",
        lambda on_head: RobotSettings.from_files(config_directory(), camera_on_head=on_head),
        duration=duration,
        options=BagOptions(minimum_free=0),
    )
    return path


def _require(results: list[CheckResult]) -> None:
    failed = [f"{result.name}: {result.message}" for result in results if not result.passed]
    if failed:
        raise CheckFailed("; ".join(failed))
