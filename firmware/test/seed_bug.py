"""Put a known bug into a copy of the firmware, to see whether the tests find it.

    python3 firmware/test/seed_bug.py bounds /tmp/seeded
    make -C /tmp/seeded test        # must fail

Without arguments it lists the bugs.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

FIRMWARE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Bug:
    """One replacement in one file, and the test program that has to find it."""

    file: str
    right: str
    wrong: str
    found_by: str


BUGS = {
    "bounds": Bug("head/src/wire.h", "if (size_ == kMaxBody) {", "if (size_ > 200) {", "wire"),
    "crc": Bug(
        "head/src/wire.h",
        "left_ == 0 && size_ >= kMinBody &&\n"
        "                       crc_ == get_u16(data_ + size_ - 2);",
        "left_ == 0 && size_ >= kMinBody;",
        "wire",
    ),
    "speed-limit": Bug(
        "head/src/axis.h",
        "if (wanted > max_velocity) wanted = max_velocity;",
        "(void)max_velocity;",
        "axis",
    ),
    "acceleration-limit": Bug(
        "head/src/axis.h",
        "velocity_ = wanted < lowest ? lowest : wanted > highest ? highest : wanted;",
        "velocity_ = lowest > highest ? 0 : wanted;",
        "axis",
    ),
    "range-limit": Bug(
        "head/src/head_core.h",
        "target_[i] = settings_.axis[i].clamp(wanted);",
        "target_[i] = wanted;",
        "head_core",
    ),
    "settings-bounds": Bug(
        "head/src/settings.h", "if (!within_bounds(wanted)) return false;", "", "head_core"
    ),
    "silence": Bug(
        "head/src/head_core.h",
        "if (silent_frames_ < kSilentFramesUntilOff) ++silent_frames_;",
        "",
        "head_core",
    ),
    "handshake": Bug("head/src/head_core.h", "if (!linked_) {", "if (false) {", "head_core"),
}


def seed(name: str, target: Path) -> Bug:
    """Copy the firmware to ``target`` and put the bug in."""
    bug = BUGS[name]
    shutil.copytree(FIRMWARE, target, ignore=shutil.ignore_patterns("build"), dirs_exist_ok=True)
    path = target / bug.file
    text = path.read_text(encoding="utf-8")
    if text.count(bug.right) != 1:
        raise SystemExit(f"{bug.file} does not hold the place of the bug {name!r} exactly once")
    path.write_text(text.replace(bug.right, bug.wrong), encoding="utf-8")
    return bug


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in BUGS:
        sys.exit(f"usage: seed_bug.py {{{','.join(BUGS)}}} DIRECTORY")
    seeded = seed(sys.argv[1], Path(sys.argv[2]))
    sys.stdout.write(
        f"seeded {sys.argv[1]!r}; `make -C {sys.argv[2]} test-{seeded.found_by}` must fail\n"
    )
