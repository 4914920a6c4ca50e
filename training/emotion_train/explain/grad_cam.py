"""Grad-CAM: which part of a picture speaks for a class (Selvaraju et al., 2017)."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn


def grad_cam(
    logits: Callable[[Tensor], Tensor], layer: nn.Module, images: Tensor, classes: Tensor
) -> Tensor:
    """Return heat maps in [0, 1], float (N, H, W) of the images' size.

    Args:
        logits: maps images to logits (N, C) through ``layer``.
        layer: whose output, (N, channels, h, w), is weighted by the gradient of the class.
        images: (N, channels, H, W).
        classes: int64 (N,), the class each map explains.
    """
    kept: list[Tensor] = []

    def keep(_: nn.Module, __: object, output: Tensor) -> None:
        kept.append(output)

    handle = layer.register_forward_hook(keep)
    try:
        with torch.enable_grad():
            scores = logits(images.detach().requires_grad_())
            chosen = scores.gather(1, classes[:, None]).sum()
            (gradient,) = torch.autograd.grad(chosen, kept[-1])
    finally:
        handle.remove()
    weights = gradient.mean(dim=(2, 3), keepdim=True)
    heat = (weights * kept[-1]).sum(dim=1, keepdim=True).clamp(min=0).detach()
    heat = nn.functional.interpolate(
        heat.float(), size=images.shape[2:], mode="bilinear", align_corners=False
    )
    return (heat / heat.amax(dim=(2, 3), keepdim=True).clamp(min=1e-12)).squeeze(1)


def overlay(
    image: npt.NDArray[np.uint8], heat: npt.NDArray[np.floating], strength: float = 0.45
) -> npt.NDArray[np.uint8]:
    """Colour a picture by its heat map.

    Args:
        image: uint8 grey (H, W) or BGR (H, W, 3).
        heat: (H, W) in [0, 1].
        strength: share of the colour, in [0, 1].

    Returns:
        uint8 BGR (H, W, 3).
    """
    colour = image if image.ndim == 3 else cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    levels = np.clip(np.asarray(heat) * 255.0, 0, 255).astype(np.uint8)
    heated = cv2.applyColorMap(levels, cv2.COLORMAP_JET)
    return cv2.addWeighted(colour, 1.0 - strength, heated, strength, 0.0).astype(np.uint8)
