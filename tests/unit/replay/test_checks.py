import xml.etree.ElementTree as ElementTree

import cv2
import pytest
import yaml
from runs import a_run

from emotion_core.replay.check_file import CheckMode, ChecksError, load_checks
from emotion_core.replay.check_plot import plot_checks
from emotion_core.replay.check_results import bounds_text, evaluate, value_text, write_junit
from emotion_core.replay.checks import KINDS
from emotion_core.replay.run_record import RunRecord

pytestmark = pytest.mark.unit

EVERY_KIND = """
bag: recording
mode: exact
checks:
  - {check: label_fraction, label: sad, from: 1.0, to: 3.9, min: 0.9}
  - {check: label_changes, max: 2}
  - {name: one id for one person, check: ids_per_person, people: 2, max: 1}
  - {check: frames_with_face, min: 0.85}
  - {check: latency, stage: expression, percentile: 95, max: 50}
  - {check: head_overshoot, at: 2.0, to: 4.0, max: 6}
  - {check: head_settling, at: 2.0, to: 4.0, max: 1}
  - {check: head_reaction, at: 2.0, max: 0.3}
  - {check: label_reaction, label: happy, at: 4.0, max: 1.2}
  - {check: rate, topic: expression, min: 24, max: 26}
  - {check: diagnostics, above: error, max: 0}
"""


def load(tmp_path, text):
    path = tmp_path / "checks.yaml"
    path.write_text(text)
    return load_checks(path)


def test_every_kind_of_check_passes_on_a_run_that_is_as_it_should_be(tmp_path):
    file = load(tmp_path, EVERY_KIND)
    results = evaluate(file.checks, a_run())
    assert [result.message for result in results] == [""] * len(KINDS)
    assert {result.check for result in results} == set(KINDS)
    assert file.mode is CheckMode.EXACT
    assert file.bag == tmp_path / "recording"


def test_every_kind_fails_when_its_bounds_are_elsewhere(tmp_path):
    contents = yaml.safe_load(EVERY_KIND)
    for check in contents["checks"]:
        check.pop("min", None)
        check["max"] = -1
    file = load(tmp_path, yaml.safe_dump(contents))
    results = evaluate(file.checks, a_run())
    assert [result.check for result in results if result.passed] == []
    assert all("more than -1" in result.message for result in results)


def test_nothing_passes_on_an_empty_run(tmp_path):
    results = evaluate(load(tmp_path, EVERY_KIND).checks, RunRecord())
    assert not any(result.passed for result in results)
    assert all(result.value is None and result.message for result in results)


def test_a_reaction_that_never_comes_fails_in_words(tmp_path):
    file = load(tmp_path, "checks: [{check: label_reaction, label: angry, at: 0, max: 1}]")
    (result,) = evaluate(file.checks, a_run())
    assert result.message == "it never happened, more than 1 s"
    assert result.value is None


def test_a_check_without_a_name_tells_what_was_chosen(tmp_path):
    file = load(tmp_path, EVERY_KIND)
    titles = [check.title for check in file.checks]
    assert titles[0] == "label_fraction from=1 to=3.9 label=sad"
    assert titles[2] == "one id for one person"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("checks: [{check: label_changes}]", "checks[0]: needs min, max or both"),
        ("checks: [{check: label_changes, max: many}]", "checks[0].max: .* got 'many'"),
        ("checks: [{check: label_changes, max: .nan}]", "checks[0].max"),
        ("checks: [{check: label_changes, max: 1, min: 2}]", "min 2.0 is greater than max 1.0"),
        ("checks: [{check: label_changes, max: 1, colour: red}]", "checks[0].colour: unknown key"),
        ("checks: [{check: frames_with_face, min: 1, from: 5, to: 2}]", "to 2.0 must be later"),
        (
            "checks: [{check: horoscope, max: 1}]",
            "checks[0].check: unknown check 'horoscope'",
        ),
        ("checks: [{max: 1}]", "checks[0]: the key check is missing"),
        ("checks: [{check: label_fraction, min: 1}]", "checks[0].label: Field required"),
        ("checks: [{check: label_fraction, min: 1, label: bored}]", "checks[0].label: .*'bored'"),
        ("checks: [{check: label_changes, max: 1}, 7]", "checks[1]: "),
        ("checks: []", "checks: "),
        ("bag: x", "checks: Field required"),
        ("- 1", "must be a mapping"),
        ("checks: [", "is no YAML"),
        ("\0", "is no YAML"),
        (
            "bag: a\nscene: {mode: still, duration: 1}\nchecks: [{check: label_changes, max: 1}]",
            "bag and scene exclude each other",
        ),
        (
            "scene: {mode: still, duration: -1}\nchecks: [{check: label_changes, max: 1}]",
            "scene.duration",
        ),
        ("mode: slow\nchecks: [{check: label_changes, max: 1}]", "mode: .*'slow'"),
    ],
)
def test_a_mistake_is_named_with_file_and_key(tmp_path, text, words):
    pattern = words.replace("[", r"\[").replace("]", r"\]")
    with pytest.raises(ChecksError, match=f"checks\\.yaml.*{pattern}"):
        load(tmp_path, text)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ChecksError, match=r"none\.yaml: No such file"):
        load_checks(tmp_path / "none.yaml")


def test_junit_has_a_case_for_every_check(tmp_path):
    file = load(
        tmp_path,
        "checks:\n"
        "  - {name: 'calm <& steady', check: label_changes, max: 5}\n"
        "  - {check: frames_with_face, min: 0.99}\n",
    )
    results = evaluate(file.checks, a_run())
    path = tmp_path / "junit.xml"
    write_junit(results, path, "replay.recording", 1.5)
    suite = ElementTree.parse(path).getroot().find("testsuite")
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    calm, faces = suite.findall("testcase")
    assert calm.get("name") == "calm <& steady"
    assert calm.find("failure") is None
    assert "is less than 0.99" in faces.find("failure").get("message")


def test_bounds_and_figures_are_written_as_people_write_them(tmp_path):
    file = load(
        tmp_path,
        "checks:\n"
        "  - {check: rate, topic: expression, min: 20, max: 30}\n"
        "  - {check: label_changes, max: 6}\n"
        "  - {check: frames_with_face, min: 0.5}\n"
        "  - {check: rate, topic: nothing, min: 1}\n",
    )
    results = evaluate(file.checks, a_run())
    assert [bounds_text(r) for r in results] == [
        "20 to 30",
        "at most 6",
        "at least 0.5",
        "at least 1",
    ]
    assert [value_text(r) for r in results] == ["25 Hz", "2", "0.9", "-"]


@pytest.mark.parametrize("run", [a_run(), RunRecord()], ids=["a run", "an empty run"])
def test_the_picture_shows_something_for_every_run(tmp_path, run):
    file = load(tmp_path, EVERY_KIND)
    path = tmp_path / "run.png"
    plot_checks(run, file.checks, evaluate(file.checks, run), path, "recording")
    image = cv2.imread(str(path))
    assert image.shape[1] > 1000
    assert image.std() > 10
