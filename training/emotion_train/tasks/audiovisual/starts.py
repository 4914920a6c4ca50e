"""What the parts of the network begin with."""

from __future__ import annotations

from torch import Tensor, nn

from emotion_core.resources import models_directory
from emotion_train.checkpoints import BEST, SAFETENSORS, load_state, read_state
from emotion_train.tasks.audiovisual.settings import BranchStart

_NETWORK = "network."


def load_branch(branch: nn.Module, name: str, start: BranchStart) -> None:
    """Load the weights that a part of the network begins with; a reinitialised one has none.

    Args:
        branch: the part.
        name: ``face``, ``voice`` or ``fusion``.
        start: see there.

    Raises:
        CheckpointError: if the weights are missing, damaged or of another architecture.
    """
    if start.start == "reinitialised":
        return
    path = start.weights or models_directory() / f"{name}.safetensors"
    if path.is_dir():
        path = path / f"{BEST}.ckpt"
    state = read_state(path)
    if path.suffix != SAFETENSORS:
        state = _part(state, name)
    load_state(branch, state, str(path))


def _part(state: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    """Return a part's weights from a run of this task, or of the part alone."""
    own = f"{_NETWORK}{name}."
    prefix = own if any(key.startswith(own) for key in state) else _NETWORK
    return {
        key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)
    }
