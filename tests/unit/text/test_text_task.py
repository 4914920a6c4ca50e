from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from emotion_core.inference.expression import ModelError
from emotion_core.inference.text import TextModel
from emotion_train.cli import app
from emotion_train.curves import read_curves
from emotion_train.experiment import ExperimentError
from emotion_train.export.face import ExportError
from emotion_train.export.text import QuantisedEmbedding, export_text
from emotion_train.runs import load_run
from emotion_train.tasks.registry import load_experiment
from emotion_train.tasks.text.data import EMOBANK, GOEMOTIONS, MELD, TextBatch, TextDataModule
from emotion_train.tasks.text.module import TextModule, augment, encoder_rate
from emotion_train.tasks.text.networks import EncoderError, make_network
from emotion_train.tasks.text.settings import EncoderRates, TextExperiment, TextNetwork

pytestmark = pytest.mark.unit

WriteExperiment = Callable[[Path], Path]
SENTENCES = ["so lovely the day", "it was rotten", "a", "the lonely table was so sudden and scary"]
CONTEXTS = ["the table", "", "so furious", "a day"]


def invoke(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.output


@pytest.fixture(scope="module")
def run(text_experiment: WriteExperiment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the command that has learnt the made-up sentences."""
    folder = tmp_path_factory.mktemp("words")
    code, output = invoke(
        "fit", text_experiment(folder), "--out", folder / "run", "--accelerator", "cpu",
        "--devices", 1,
    )  # fmt: skip
    assert code == 0, output
    return folder / "run"


@pytest.fixture(scope="module")
def model(run: Path, tmp_path_factory: pytest.TempPathFactory) -> TextModel:
    return TextModel(export_text(run, tmp_path_factory.mktemp("exported")).graph)


def load(run: Path) -> TextModule:
    module = load_run(run)[2]
    assert isinstance(module, TextModule)
    return module


def data_of(file: Path, *overrides: str) -> TextDataModule:
    experiment, _ = load_experiment(file, overrides)
    assert isinstance(experiment, TextExperiment)
    return TextDataModule(experiment)


def test_it_learns_all_three_corpora(run: Path) -> None:
    last = read_curves(run)[-1]
    assert last["val/meld_weighted_f1"] > 0.8
    assert last["val/goemotions_macro_f1"] > 0.8
    assert last["val/emobank_valence"] > 0.8
    assert last["val/emobank_arousal"] > 0.8
    assert last["val/score"] > 0.8


def test_the_report_shows_the_figures(run: Path) -> None:
    page = (run / "report.html").read_text(encoding="utf-8")
    for title in ("Curves", "Confusion", "Calibration", "Wrong and sure"):
        assert f"<h2>{title}</h2>" in page


def test_float_graph_agrees_with_torch(run: Path, tmp_path: Path) -> None:
    exported = export_text(run, tmp_path, quantised=False)
    model = TextModel(exported.graph)
    module = load(run)
    tokens = module.tokenizer(SENTENCES, CONTEXTS)
    with torch.no_grad():
        output = module(torch.from_numpy(tokens.numbers), torch.from_numpy(tokens.segments))
    scores = model.predict(SENTENCES, CONTEXTS)
    corpora = model.predict_corpora(SENTENCES, CONTEXTS)
    expected = (output.label_logits / exported.temperature).softmax(dim=1)
    np.testing.assert_allclose(scores.probabilities, expected, atol=1e-5)
    np.testing.assert_allclose(scores.valence_arousal, output.valence_arousal, atol=1e-5)
    np.testing.assert_allclose(scores.embedding, output.embedding, atol=1e-5)
    np.testing.assert_allclose(corpora.dialogue, output.dialogue_logits.softmax(1), atol=1e-5)
    np.testing.assert_allclose(corpora.mentions, output.mention_logits.sigmoid(), atol=1e-5)
    np.testing.assert_allclose(corpora.rating, output.rating, atol=1e-5)
    assert scores.embedding.shape == (4, 128)


def test_int8_graph_is_close_to_the_float_one(run: Path, model: TextModel, tmp_path: Path) -> None:
    whole = TextModel(export_text(run, tmp_path, quantised=False).graph)
    first, second = whole.predict(SENTENCES), model.predict(SENTENCES)
    np.testing.assert_allclose(first.valence_arousal, second.valence_arousal, atol=0.2)
    np.testing.assert_allclose(first.probabilities, second.probabilities, atol=0.2)


def test_a_sentence_does_not_depend_on_the_others(model: TextModel) -> None:
    together = model.predict(SENTENCES, CONTEXTS).probabilities
    alone = [
        model.predict([said], [before]).probabilities[0]
        for said, before in zip(SENTENCES, CONTEXTS, strict=True)
    ]
    np.testing.assert_array_equal(together, alone)


def test_word_vectors_keep_their_direction_in_int8() -> None:
    table = torch.randn(50, 16) * torch.logspace(-3, 1, 50)[:, None]
    numbers = torch.arange(50)[None]
    restored = QuantisedEmbedding(table)(numbers)[0]
    error = (restored - table).abs().amax(dim=1) / table.abs().amax(dim=1)
    assert error.max() < 0.005


@pytest.mark.parametrize("dataset", ["meld", "goemotions", "emobank"])
def test_evaluate_command(
    dataset: str, model: TextModel, text_corpora: Path, run: Path, tmp_path: Path
) -> None:
    graph = export_text(run, tmp_path).graph
    out = tmp_path / "figures.json"
    code, output = invoke(
        "evaluate", "text", "--data", text_corpora / dataset, "--dataset", dataset,
        "--weights", graph, "--json", out, "--transcripts",
    )  # fmt: skip
    assert code == 0, output
    figures = json.loads(out.read_text(encoding="utf-8"))
    names = ["pearson_valence", "pearson_arousal"]
    if dataset != "emobank":
        names = ["weighted_f1", "macro_f1", "accuracy"]
    assert all(figures[name] > 0.7 for name in names), figures
    assert figures["n"] == {"meld": 21, "goemotions": 21, "emobank": 12}[dataset]
    assert figures["split"] == "dev"


def test_evaluate_command_takes_the_test_part_where_there_is_no_other(
    run: Path, model: TextModel, text_corpora: Path, tmp_path: Path
) -> None:
    graph = export_text(run, tmp_path).graph
    bank = tmp_path / "emobank.csv"
    content = (text_corpora / "emobank" / "emobank.csv").read_text(encoding="utf-8")
    bank.write_text(content.replace(",dev,", ",test,"), encoding="utf-8")
    out = tmp_path / "figures.json"
    arguments = ("--dataset", "emobank", "--weights", graph, "--json", out)
    assert invoke("evaluate", "text", "--data", bank, *arguments)[0] == 0
    assert json.loads(out.read_text(encoding="utf-8"))["split"] == "test"
    code, output = invoke("evaluate", "text", "--data", bank, *arguments, "--split", "dev")
    assert code == 1
    assert "no readable sentence" in output
    assert invoke("evaluate", "text", "--data", tmp_path / "none", *arguments)[0] == 1


def test_export_command(run: Path, tmp_path: Path) -> None:
    code, output = invoke("export", "text", run, "--out", tmp_path)
    assert code == 0, output
    assert {path.name for path in tmp_path.iterdir()} == {"text.onnx", "text_tokenizer.json"}
    assert (tmp_path / "text.onnx").stat().st_mode & 0o777 == 0o644


def test_other_runs_are_not_exported(run: Path, tmp_path: Path) -> None:
    with pytest.raises(ExperimentError):
        export_text(tmp_path, tmp_path)
    without = ["data.meld=null", "data.goemotions=null"]
    resolved = run / "experiment.yaml"
    experiment, _ = load_experiment(resolved, without)
    other = tmp_path / "run"
    other.mkdir()
    (other / "best.ckpt").write_bytes((run / "best.ckpt").read_bytes())
    (other / "experiment.yaml").write_text(experiment.model_dump_json(), encoding="utf-8")
    with pytest.raises(ExportError, match="no emotions to fit the temperature on"):
        export_text(other, tmp_path)


def test_frozen_parts_stay(tiny_encoder: Path) -> None:
    network = make_network(
        TextNetwork(encoder=str(tiny_encoder), frozen_embeddings=True, frozen_layers=1)
    )
    frozen = {name for name, part in network.named_parameters() if not part.requires_grad}
    assert "encoder.embeddings.word_embeddings.weight" in frozen
    assert any(".layer.0." in name for name in frozen)
    assert not any(".layer.1." in name or "_head" in name for name in frozen)


def test_random_start_differs_from_the_pretrained_one(tiny_encoder: Path) -> None:
    first, second, third = (
        make_network(TextNetwork(encoder=str(tiny_encoder), pretrained=pretrained)).encoder
        for pretrained in (True, True, False)
    )
    name = "embeddings.word_embeddings.weight"
    assert torch.equal(first.get_parameter(name), second.get_parameter(name))
    assert not torch.equal(first.get_parameter(name), third.get_parameter(name))


def test_unknown_encoder_is_named(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="cannot load the encoder"):
        make_network(TextNetwork(encoder=str(tmp_path)))


def test_lower_layers_learn_slower() -> None:
    rates = EncoderRates(encoder=0.1, layer_decay=0.5)
    prefix = "network.encoder.encoder.layer"
    assert encoder_rate("network.label_head.weight", 2, rates) == 1.0
    assert encoder_rate(f"{prefix}.1.output.weight", 2, rates) == 0.1
    assert encoder_rate(f"{prefix}.0.output.weight", 2, rates) == 0.05
    assert encoder_rate("network.encoder.embeddings.weight", 2, rates) == 0.025


def test_each_head_learns_from_its_own_corpus(run: Path, text_corpora: Path) -> None:
    module = load(run)
    data = data_of(run / "experiment.yaml")
    for corpus, learning, resting in (
        (MELD, {"label", "dialogue", "valence_arousal"}, {"mention", "rating"}),
        (GOEMOTIONS, {"label", "mention", "valence_arousal"}, {"dialogue", "rating"}),
        (EMOBANK, {"rating"}, {"label", "dialogue", "mention", "valence_arousal"}),
    ):
        positions = torch.nonzero(data.valid.corpora == corpus).flatten()
        batch = module.prepare(data.valid[positions])
        parts = module.loss(module(batch.numbers, batch.segments), batch)
        assert {name for name, part in parts.items() if part.item() > 0} == learning
        assert all(parts[name].item() == 0 for name in resting)


def test_contexts_and_repeats(text_experiment: WriteExperiment, tmp_path: Path) -> None:
    file = text_experiment(tmp_path)
    counts = {
        setting: data_of(file, f"data.contexts={setting}").train for setting in ("none", "only")
    }
    assert not any(counts["none"].contexts)
    assert any(counts["only"].contexts)
    both = data_of(file).train
    assert int((both.corpora == MELD).sum()) == 2 * 56
    twice = data_of(file, "data.emobank.repeats=2", "data.limit=10")
    assert torch.bincount(twice.train.corpora).tolist() == [20, 10, 20]
    assert torch.bincount(twice.valid.corpora).tolist() == [10, 10, 10]
    assert twice.fingerprint() != data_of(file).fingerprint()


def test_transcripts_lose_signs_and_capitals() -> None:
    batch = TextBatch(["Oh, NO!"] * 50, ["Hi."] * 50, *(torch.zeros(50, 7) for _ in range(3)))
    changed = augment(batch, 1.0)
    assert set(changed.texts) == {"oh no"}
    assert set(changed.contexts) == {"hi"}
    assert set(augment(batch, 0.0).texts) == {"Oh, NO!"}
    assert set(augment(batch, 0.5).texts) == {"oh no", "Oh, NO!"}


def test_unusable_files_are_refused(run: Path, tmp_path: Path) -> None:
    graph = tmp_path / "text.onnx"
    with pytest.raises(ModelError, match=r"no text model at .*text\.onnx"):
        TextModel(graph)
    exported = export_text(run, tmp_path)
    exported.tokenizer.write_text(exported.tokenizer.read_text(encoding="utf-8") + "\n", "utf-8")
    with pytest.raises(ModelError, match=r"text_tokenizer\.json does not belong to"):
        TextModel(graph)
    exported.tokenizer.unlink()
    with pytest.raises(ModelError, match=r"no tokenizer at .*text_tokenizer\.json"):
        TextModel(graph)
    graph.write_bytes(graph.read_bytes()[:1000])
    with pytest.raises(ModelError, match=r"text\.onnx is not a readable ONNX model"):
        TextModel(graph)


def test_a_model_of_another_kind_is_refused() -> None:
    from emotion_core.resources import models_directory

    with pytest.raises(ModelError, match=r"face\.onnx is no text model of this version"):
        TextModel(models_directory() / "face.onnx")
