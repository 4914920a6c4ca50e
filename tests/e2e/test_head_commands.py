import pytest

pytestmark = pytest.mark.e2e


def test_flash_refuses_a_port_that_is_no_board(start, tmp_path):
    program = start("flash", "--port", tmp_path / "nothing")
    assert program.wait() == 1
    assert "nothing" in program.output.replace("\n", "")
    assert "Traceback" not in program.output


def test_calibrate_says_that_there_is_no_head(start, tmp_path):
    program = start("calibrate", "--port", tmp_path / "nothing")
    assert program.wait() == 1
    assert "error:" in program.output
    assert "Traceback" not in program.output


@pytest.mark.slow
def test_the_real_firmware_follows_the_face(run_report):
    report = run_report("--source", "scene:step:25,time=2", "--head", "sim", "--duration", "8")
    assert 22 <= report["head"]["pan_max_deg"] <= 30
    assert report["head"]["acked"] > 50
    assert report["restarts"] == {}
