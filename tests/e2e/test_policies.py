import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

TOOL = Path(__file__).parents[2] / "tools" / "write_policies.py"


def test_the_policies_permit_what_the_nodes_have_and_nothing_else():
    done = subprocess.run(
        [sys.executable, TOOL, "--check"], capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
