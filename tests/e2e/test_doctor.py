import json
import subprocess

import pytest

pytestmark = pytest.mark.e2e


def test_the_findings_are_readable_by_programs(command, environment):
    result = subprocess.run(
        [command, "doctor", "--json"], env=environment, capture_output=True, text=True, check=False
    )
    findings = json.loads(result.stdout)
    assert findings["ok"] is (result.returncode == 0)
    checks = {check["name"]: check for check in findings["checks"]}
    assert checks["ros"]["status"] == "ok"
    assert all(check["advice"] for check in checks.values() if check["status"] != "ok")


def test_missing_models_make_it_unhealthy(command, environment, tmp_path):
    environment["EMOTION_BOT_MODELS"] = str(tmp_path)
    result = subprocess.run(
        [command, "doctor"], env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert "no face model" in result.stdout
