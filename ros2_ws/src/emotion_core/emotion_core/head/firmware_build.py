"""Where the firmware lies and how it is built, for the simulated head and for flashing."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emotion_core.resources import cache_directory

FIRMWARE_VARIABLE: Final = "EMOTION_BOT_FIRMWARE"
BUILD_TIMEOUT: Final = 300.0
"""Longest time a build may take, s."""

BUILD_TOOLS: Final = {
    "make": "make",
    "cc": "gcc",
    "arduino-builder": "arduino-builder arduino-core-avr",
    "avr-gcc": "gcc-avr avr-libc",
}
"""Programs the build needs, and the Debian packages that bring them."""
SIMULATOR_HEADER: Final = Path("/usr/include/simavr/sim_avr.h")
SIMULATOR_PACKAGES: Final = "libsimavr-dev libelf-dev"


class FirmwareError(RuntimeError):
    """The firmware cannot be found, built or simulated; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class FirmwareBuild:
    """Files of a finished build.

    Attributes:
        elf: firmware for the simulator.
        hex: firmware for the programmer.
        simulator: program that runs the ELF behind a pseudo-terminal; None when not asked for.
    """

    elf: Path
    hex: Path
    simulator: Path | None


def firmware_directory() -> Path:
    """Return the folder ``firmware`` with its Makefile.

    Looked for in this order: the environment variable ``EMOTION_BOT_FIRMWARE``, the share folder of
    ``emotion_bot`` in each prefix of ``AMENT_PREFIX_PATH``, and the source tree.

    Raises:
        FirmwareError: if there is none; the message lists what was tried.
    """
    if override := os.environ.get(FIRMWARE_VARIABLE):
        candidates = [Path(override)]
    else:
        prefixes = filter(None, os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep))
        candidates = [Path(prefix, "share", "emotion_bot", "firmware") for prefix in prefixes]
        candidates += [parent / "firmware" for parent in Path(__file__).resolve().parents]
    for candidate in candidates:
        if (candidate / "Makefile").is_file():
            return candidate
    tried = ", ".join(map(str, candidates))
    raise FirmwareError(f"no folder with the head's firmware; tried {tried}")


def missing_for_build(simulator: bool) -> list[str]:
    """Return the Debian packages that a build still needs; empty when it can start."""
    packages = [names for tool, names in BUILD_TOOLS.items() if shutil.which(tool) is None]
    if simulator and not SIMULATOR_HEADER.is_file():
        packages.append(SIMULATOR_PACKAGES)
    return [package for names in packages for package in names.split()]


def build_firmware(simulator: bool) -> FirmwareBuild:
    """Build what is not up to date, and return where it lies.

    The build folder is ``build`` beside the sources, or one in the user's cache where the sources
    cannot be written.

    Args:
        simulator: build the simulator as well.

    Raises:
        FirmwareError: if sources or tools are missing, or the build fails.
    """
    directory = firmware_directory()
    build = directory / "build"
    if not os.access(directory, os.W_OK):
        build = cache_directory() / "firmware"
    result = FirmwareBuild(
        build / "avr" / "head.ino.elf",
        build / "avr" / "head.ino.hex",
        build / "sim" / "head_pty" if simulator else None,
    )
    if missing := missing_for_build(simulator):
        raise FirmwareError(f"building the head's firmware needs the packages {' '.join(missing)}")
    command = ["make", "-C", str(directory), f"BUILD={build}", "sim" if simulator else "build"]
    build.mkdir(parents=True, exist_ok=True)
    try:
        with (build / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # another program may be building the same
            run = subprocess.run(
                command, capture_output=True, text=True, timeout=BUILD_TIMEOUT, check=False
            )
    except subprocess.TimeoutExpired as error:
        raise FirmwareError(f"{' '.join(command)} took more than {BUILD_TIMEOUT} s") from error
    if run.returncode != 0:
        last_lines = "\n".join((run.stdout + run.stderr).splitlines()[-15:])
        raise FirmwareError(f"{' '.join(command)} failed:\n{last_lines}")
    return result
