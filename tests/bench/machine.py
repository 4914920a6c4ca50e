"""What a bench ran on."""

from __future__ import annotations

import datetime
import os
import platform
from importlib import metadata
from pathlib import Path

import psutil

from .cores import usable_cores

_PACKAGES = ("onnxruntime", "numpy", "opencv-python-headless", "torch")


def describe() -> dict[str, object]:
    """Return processor, cores, memory, system, versions, load and the day, JSON-ready.

    The load average, over the minute before, tells whether the machine had other work.
    """
    return {
        "processor": processor(Path("/proc/cpuinfo")),
        "cores": usable_cores(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "system": platform.system(),
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in _PACKAGES},
        "load_average_before": round(os.getloadavg()[0], 2),
        "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
    }


def processor(table: Path) -> str:
    """Return the processor's model.

    Args:
        table: in the form of /proc/cpuinfo; it may be missing.
    """
    try:
        lines = table.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()
