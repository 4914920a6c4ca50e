"""The C++ tests of the headers, the fuzzers, and known bugs that they have to find."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

pytestmark = [pytest.mark.firmware, pytest.mark.slow]

FIRMWARE = Path(__file__).parents[2] / "firmware"


def load_seed_bug() -> ModuleType:
    path = FIRMWARE / "test" / "seed_bug.py"
    specification = importlib.util.spec_from_file_location("seed_bug", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["seed_bug"] = module
    specification.loader.exec_module(module)
    return module


seed_bug = load_seed_bug()


def make(directory: Path, *targets: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("g++") is None or shutil.which("make") is None:
        pytest.skip("the host tests need the packages g++ and make")
    return subprocess.run(
        ["make", "-C", str(directory), f"PYTHON={sys.executable}", *targets],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )


@pytest.mark.parametrize("program", ["wire", "axis", "head_core", "vectors"])
def test_host_program(program: str) -> None:
    run = make(FIRMWARE, f"test-{program}")
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize(
    ("fuzzer", "runs"), [("wire", 300_000), ("bytes", 40_000), ("frames", 4_000)]
)
def test_fuzzer_finds_nothing(fuzzer: str, runs: int, tmp_path: Path) -> None:
    """A short run with a fixed seed; `make fuzz` is the long one."""
    if shutil.which("clang++") is None:
        pytest.skip("the fuzzers need the packages clang and libclang-rt-14-dev")
    built = make(FIRMWARE, "fuzzers")
    assert built.returncode == 0, built.stdout + built.stderr
    run = subprocess.run(
        [
            str(FIRMWARE / "build" / "test" / f"fuzz_{fuzzer}"),
            f"-runs={runs}",
            "-seed=1",
            "-max_len=256",
            f"-artifact_prefix={tmp_path}/",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert run.returncode == 0, run.stderr[-3000:]


@pytest.mark.parametrize("name", sorted(seed_bug.BUGS))
def test_seeded_bug_is_found(name: str, tmp_path: Path) -> None:
    directory = tmp_path / "firmware"
    bug = seed_bug.seed(name, directory)
    # Only what reads or writes beyond its bounds needs the sanitizers, which take long to compile.
    options = () if name == "bounds" else ("SANITIZE=",)
    run = make(directory, f"test-{bug.found_by}", *options)
    program = directory / "build" / "test" / f"test_{bug.found_by}"
    assert program.is_file(), f"the bug has to compile: {run.stderr[-2000:]}"
    assert run.returncode != 0
    assert "not true" in run.stderr or " is " in run.stderr or "runtime error" in run.stderr
