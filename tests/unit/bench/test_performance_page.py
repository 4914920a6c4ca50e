import json

import pytest
from bench import bench_names as names
from bench.page_texts import OTHERS
from bench.performance_page import PageError, render, write_page
from bench.targets import TARGETS

pytestmark = pytest.mark.unit


def percentiles(p50):
    return {"p50": p50, "p95": 2 * p50, "p99": 3 * p50}


def latencies(p50):
    return {
        "capture_to_faces": percentiles(p50),
        "capture_to_expression": percentiles(p50 + 1),
        "capture_to_head_command": percentiles(p50 + 2),
        "capture_to_head_ack": percentiles(p50 + 3),
    }


def stack(p50, *nodes):
    return {
        "latency_ms": latencies(p50),
        "nodes": {node: {"cpu_percent": 7.25, "rss_mb": 131.5} for node in nodes},
        "cpu_percent": 14.5,
        "frames_captured": 432,
        "frames_dropped": 3,
    }


def grown(ratio):
    return {
        "found": 0.75,
        "faces_ms": 5.5 * ratio,
        "emotion_ms": 2.25,
        "total_ms": {"mean": 9.0, "p50": 8.0, "p95": 31.0},
        "ratio": ratio,
    }


def loaded(fps):
    return {
        "asked_fps": fps,
        "captured_fps": fps - 1,
        "answered_fps": 28.5,
        "frames_captured": 360,
        "frames_dropped": 71,
        "dropped_by_camera": 61,
        "passed_over": 10,
        "latency_ms": latencies(20.0),
    }


@pytest.fixture
def results():
    """Figures that nobody measured, in the form of a bench run."""
    return {
        names.MACHINE: {"processor": "Abacus | 2000", "cores": 2, "python": "3.11.7"},
        names.STAGES: {
            "face_only": stack(10.0, "camera", "faces"),
            "whole_stack": stack(20.0, "camera", "faces", "speech"),
        },
        names.NAIVE: {
            "naive": {
                "threads": 2,
                "frames_per_s": 11.5,
                "latency_ms": percentiles(4000.0),
                "processing_ms": percentiles(80.0),
            },
            "robot": {
                "latency_ms": percentiles(21.0),
                "frames_captured": 431,
                "frames_dropped": 0,
            },
            "p95_ratio": 190.5,
            "p95_ratio_without_queue": 3.81,
        },
        names.GROWTH: {
            "frames": 90,
            "faces": {"1": grown(1.0), "8": grown(4.5)},
            "resolution": {"640x480": grown(1.0), "1920x1080": grown(1.5)},
        },
        names.OVERLOAD: {
            "loads": {"1": loaded(30.0), "2": loaded(60.0)},
            "p95_ratio_at_twice": {"capture_to_expression": 1.25, "capture_to_head_ack": 2.5},
            "p95_ratio_at_most": {"capture_to_expression": 1.75, "capture_to_head_ack": 3.5},
            "captured_ratio_at_twice": 1.9,
            "captured_ratio_at_most": None,
        },
    }


def row(page, beginning):
    (line,) = (line for line in page.splitlines() if line.startswith(f"| {beginning} |"))
    return [cell.strip() for cell in line.strip("|").split(" | ")[1:]]


def one_line(page):
    return " ".join(page.split())


def test_targets_are_judged(results):
    page = render(results)
    assert row(page, "whole stack, capture → ack, p95") == ["46 ms", "≤ 50 ms", "yes"]
    assert row(page, "naive pipeline's p95 over the robot's, capture → expression") == [
        "190.5",
        "≥ 5",
        "yes",
    ]
    twice = "p95 at twice the frame rate over that at the normal one, capture → ack"
    assert row(page, twice) == ["2.5", "≤ 2", "**no**"]


def test_an_unknown_figure_meets_no_target(results):
    results[names.STAGES]["whole_stack"]["latency_ms"]["capture_to_head_ack"] = dict.fromkeys(
        ("p50", "p95", "p99")
    )
    assert row(render(results), "whole stack, capture → ack, p95") == ["–", "≤ 50 ms", "–"]


def test_every_measured_table_is_on_the_page(results):
    page = render(results)
    assert page.count("| capture → ack of the head | 13 | 26 | 39 |") == 1
    assert row(page, "speech") == ["7.25", "131.5"]
    assert row(page, "naive, due time → expression") == ["4000", "8000", "12000"]
    assert row(page, "1920×1080") == ["0.75", "8.25", "2.25", "9", "8", "31", "1.5"]
    assert "| 2× | 60 | 59 | 28.5 | 360 | 71 | 61 | 10 |" in page
    assert "with 1.9 times the frames captured" in one_line(page)
    assert "as if none had waited: 3.81." in one_line(page)


def test_the_machine_is_described_and_cannot_break_the_table(results):
    page = render(results)
    assert "| processor | Abacus \\| 2000 |" in page
    assert "| cores | 2 |" in page


def test_benches_that_were_not_run_are_named_and_have_no_section(results):
    del results[names.OVERLOAD]
    page = render(results)
    assert "Load beyond capacity" not in page
    assert "twice the frame rate" not in page
    missing = next(p for p in page.split("\n\n") if p.startswith("Not measured in this run"))
    assert all(name in one_line(missing) for name in (names.OVERLOAD, *OTHERS))
    assert names.NAIVE not in missing


JUDGED = {target.path[0] for target in TARGETS}


@pytest.mark.parametrize("name", [name for name in OTHERS if name not in JUDGED])
def test_other_benches_list_all_their_figures(results, name):
    results[name] = {"outer": {"inner_ms": 1.23456}, "count": 7, "fine": True, "unknown": None}
    page = render(results)
    assert row(page, "`outer.inner_ms`") == ["1.235"]
    assert row(page, "`count`") == ["7"]
    assert row(page, "`fine`") == ["yes"]
    assert row(page, "`unknown`") == ["–"]


def test_replay_is_judged_and_listed(results):
    results[names.REPLAY] = {
        "exact": {"runs": 10, "different_hashes": 2, "realtime_factor": 6.5},
        "dds_at_1x": {"messages_lost": 0, "labels_agree": 0.975},
        "recording": {"frames_lost": 0},
        "killed_recorder": {"most_missing_s": 0.25},
    }
    page = render(results)
    assert row(page, "outputs of ten exact replays") == ["2", "≤ 1", "**no**"]
    assert row(page, "messages lost in replay through DDS") == ["0", "≤ 0", "yes"]
    assert row(page, "most that a killed recorder's bag misses") == ["0.25 s", "≤ 1 s", "yes"]
    assert row(page, "`exact.realtime_factor`") == ["6.5"]


def test_tables_have_as_many_cells_in_each_row(results):
    results[names.FACES] = {"a": 1.0}
    blocks = render(results).split("\n\n")
    tables = [block.splitlines() for block in blocks if block.startswith("|")]
    assert len(tables) > 8
    for lines in tables:
        assert len({line.replace("\\|", "").count("|") for line in lines}) == 1


@pytest.mark.parametrize(
    "path",
    [
        (names.STAGES, "whole_stack"),
        (names.STAGES, "face_only", "latency_ms", "capture_to_faces", "p95"),
        (names.STAGES, "face_only", "nodes", "faces", "rss_mb"),
        (names.NAIVE, "p95_ratio"),
        (names.NAIVE, "naive", "processing_ms", "p50"),
        (names.GROWTH, "frames"),
        (names.GROWTH, "faces", "8", "ratio"),
        (names.OVERLOAD, "loads", "2", "dropped_by_camera"),
        (names.OVERLOAD, "p95_ratio_at_most"),
    ],
    ids="/".join,
)
def test_a_missing_figure_is_named_and_never_made_up(results, path):
    inner = results
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    with pytest.raises(PageError, match=path[-1]):
        render(results)


def test_the_page_of_a_file_is_that_of_its_figures(results, tmp_path):
    figures, page = tmp_path / "bench.json", tmp_path / "docs" / "performance.md"
    figures.write_text(json.dumps(results))
    write_page(figures, page)
    assert page.read_text(encoding="utf-8") == render(results)


@pytest.mark.parametrize("contents", ["", "{", "[1]", '{"stages": 3}', '{"growth": {"faces": 1}}'])
def test_what_holds_no_figures_leaves_the_page_as_it_was(tmp_path, contents):
    figures, page = tmp_path / "bench.json", tmp_path / "performance.md"
    figures.write_text(contents)
    page.write_text("before")
    with pytest.raises(PageError):
        write_page(figures, page)
    assert page.read_text() == "before"


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(PageError, match="nowhere"):
        write_page(tmp_path / "nowhere.json", tmp_path / "page.md")
