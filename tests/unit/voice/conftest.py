from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

RATE = 16_000
RAVDESS_EMOTIONS = {"01": 110, "03": 260, "04": 90, "05": 420, "06": 520, "07": 170, "08": 340}
EMODB_EMOTIONS = {"N": 110, "F": 260, "T": 90, "W": 420, "A": 520, "E": 170}


def hum(pitch_hz: float, seconds: float, seed: int) -> npt.NDArray[np.float32]:
    """A buzz between two silences; its pitch tells the emotion, so that it can be learnt."""
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    voice = sum(np.sin(2 * np.pi * pitch_hz * harmonic * time) for harmonic in range(1, 6))
    silence = np.zeros(RATE // 4)
    samples = np.concatenate([silence, 0.1 * voice, silence])
    return (samples + 1e-4 * random.standard_normal(len(samples))).astype(np.float32)


@pytest.fixture(scope="session")
def voice_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both corpora in their official layouts, three speakers each, and what users have besides."""
    root = tmp_path_factory.mktemp("voices")
    seed = 0
    for actor in (1, 2, 20):
        folder = root / "ravdess" / f"Actor_{actor:02d}"
        folder.mkdir(parents=True)
        for emotion, pitch in RAVDESS_EMOTIONS.items():
            for statement in (1, 2):
                seed += 1
                name = f"03-01-{emotion}-01-{statement:02d}-01-{actor:02d}.wav"
                soundfile.write(folder / name, hum(pitch, 1.2 + 0.2 * statement, seed), RATE)
    folder = root / "emodb" / "wav"
    folder.mkdir(parents=True)
    for speaker in (3, 8, 15):
        for letter, pitch in EMODB_EMOTIONS.items():
            for version in "ab":
                seed += 1
                name = f"{speaker:02d}a01{letter}{version}.flac"
                soundfile.write(folder / name, hum(pitch, 1.3, seed), RATE)
    return root
