"""Tiny corpora with pictures and sound, in the layouts that their publishers use."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import skimage.data
import soundfile

from emotion_core.vision.detection import Detection, Image
from emotion_core.vision.geometry import Box

SIDE = 192
FACE_BOX = Box(60.0, 50.0, 88.0, 110.0)
LANDMARKS = np.array([[85, 93], [128, 95], [106, 120], [83, 132], [127, 134]], np.float32)
FPS = 20
SAMPLE_RATE = 22_050
SEMAINE_DATE = "2008.12.05.16.03.15"


class PaintedFace:
    """Knows where the portrait's face is, and takes a dark picture for one without a face."""

    def __init__(self) -> None:
        self.calls = 0

    def detect(self, image: Image) -> list[Detection]:
        self.calls += 1
        if image.mean() < 20:
            return []
        far = Detection(Box(0.0, 0.0, 9.0, 9.0), 0.99, LANDMARKS / 10)
        return [far, Detection(FACE_BOX, 0.9, LANDMARKS)]


def tone(seconds: float, hertz: float) -> np.ndarray:
    """A tone that grows, so that windows of it differ."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (0.4 * np.sin(2 * np.pi * hertz * time) * (0.5 + 0.5 * time / seconds)).astype("f4")


def write_video(
    path: Path,
    seconds: float = 1.0,
    *,
    codec: str = "mpeg4",
    hertz: float | None = None,
    shade: int = 0,
    dark: Sequence[int] = (),
) -> None:
    """Write the portrait as a video, with a tone as its sound when one is asked for.

    Args:
        path: of the file.
        seconds: length.
        codec: of the pictures.
        hertz: of the tone.
        shade: brightness that is added.
        dark: numbers of frames without the portrait.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    portrait = skimage.data.astronaut()[7 : 7 + SIDE, 118 : 118 + SIDE].astype(np.int16)
    picture = np.clip(portrait + shade, 0, 255).astype(np.uint8)
    with av.open(str(path), "w") as container:
        pictures = container.add_stream(codec, rate=FPS)
        pictures.width = pictures.height = SIDE
        pictures.pix_fmt = "yuv420p"
        sound = container.add_stream("aac", rate=SAMPLE_RATE, layout="mono") if hertz else None
        for number in range(round(seconds * FPS)):
            shown = np.zeros_like(picture) if number in dark else picture
            frame = av.VideoFrame.from_ndarray(shown, format="rgb24")
            frame.pts = number
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode())
        if sound is not None and hertz:
            samples = tone(seconds, hertz)
            for first in range(0, len(samples), 1024):
                part = av.AudioFrame.from_ndarray(
                    samples[None, first : first + 1024], format="fltp", layout="mono"
                )
                part.sample_rate = SAMPLE_RATE
                part.pts = first
                container.mux(sound.encode(part))
            container.mux(sound.encode())


def write_sound(path: Path, seconds: float = 1.0, hertz: float = 220.0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, tone(seconds, hertz), SAMPLE_RATE)


def add_crema_d(root: Path, stem: str, seconds: float = 1.0, place: int = 0) -> None:
    """Add one utterance; its place tells brightness and pitch."""
    video = root / "VideoFlash" / f"{stem}.flv"
    write_video(video, seconds, codec="flv", shade=12 * place, dark=(2, 3))
    write_sound(root / "AudioWAV" / f"{stem}.wav", seconds, 150.0 + 60.0 * place)


def make_crema_d(root: Path, actors: int = 4, emotions: Sequence[str] = ("ANG", "HAP")) -> Path:
    for actor in range(actors):
        for place, emotion in enumerate(emotions):
            add_crema_d(root, f"{1001 + actor}_DFA_{emotion}_XX", 1.0 + 0.1 * actor, 3 * place)
    return root


def make_ravdess(root: Path, actors: Sequence[int] = (1, 2, 19)) -> Path:
    for actor in actors:
        for emotion in ("03", "04"):
            name = f"01-01-{emotion}-01-02-01-{actor:02d}.mp4"
            write_video(root / f"Actor_{actor:02d}" / name, hertz=200.0 + actor)
    return root


def make_meld(root: Path) -> Path:
    """Two dialogues to train on, one to validate on."""
    for table, folder, dialogues in (
        ("train_sent_emo.csv", "train_splits", 2),
        ("dev_sent_emo.csv", "dev_splits_complete", 1),
    ):
        rows = []
        for dialogue in range(dialogues):
            for utterance, (emotion, speaker) in enumerate((("joy", "Joey"), ("anger", "Ross"))):
                rows.append([f"I said {emotion}!", speaker, emotion, dialogue, utterance])
                name = f"dia{dialogue}_utt{utterance}.mp4"
                write_video(root / folder / name, hertz=180.0 + 40.0 * utterance)
        with (root / table).open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(["Utterance", "Speaker", "Emotion", "Dialogue_ID", "Utterance_ID"])
            writer.writerows(rows)
    return root


def add_semaine(root: Path, number: int, *, date: str = SEMAINE_DATE, seconds: float = 3.0) -> Path:
    """Add one session that two raters have traced; return its folder."""
    folder = root / "Sessions" / str(number)
    folder.mkdir(parents=True)
    write_video(folder / f"{date}_User Frontal_C_Poppy.avi", seconds)
    write_video(folder / f"{date}_Operator Frontal_C_Poppy.avi", 0.2)
    write_sound(folder / f"{date}_User HeadMounted_Poppy.wav", seconds)
    times = np.arange(round(seconds / 0.02)) * 0.02
    for rater, offset in ((1, -0.1), (5, 0.1)):
        for dimension, slope in (("V", 0.2), ("A", -0.2)):
            lines = [f"{time:.2f} {slope * time + offset:.4f}" for time in times]
            name = f"R{rater}S{number}TUCPoD{dimension}.txt"
            (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / f"wordLevel_alignedTranscript_{number}_user").write_text(
        "---recording 1 turn 2---\n0 300 I'M\n300 700 <LAUGH>\n700 900 FINE\n.\n"
        "---recording 1 turn 4---\nnoise\n1500 2000 YES\n.\n",
        encoding="utf-8",
    )
    return folder


def make_semaine(root: Path, sittings: int = 4) -> Path:
    for sitting in range(sittings):
        add_semaine(root, sitting + 1, date=f"2008.12.{sitting + 1:02d}.16.03.15")
    return root
