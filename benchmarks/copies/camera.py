"""Photographs of any size as a camera takes them: a scene, its noise, demosaicing, sharpening."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image, ImageOps

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

# Of the full well, at ISO 100: a sensor of a good phone, or an older camera.
SHOT_NOISE = 0.00035  # variance for each unit of signal
READ_NOISE = 0.0012  # standard deviation
DETAIL_PIXELS = 512  # side of the pieces that carry detail of single pixels


def make_scene(
    photos: Sequence[Path], size: tuple[int, int], random: np.random.Generator
) -> NDArray[np.float32]:
    """Compose a scene with detail at every scale: large shapes, texture of pixels, sharp edges.

    One photo is enlarged to the whole frame, as smooth as what is out of focus. The detail of
    others, shown pixel by pixel, is added where that photo has structure; a few are laid upon it.

    Args:
        photos: small photographs.
        size: width and height, pixels.
        random: the generator; the same state gives the same scene.

    Returns:
        float32 [H, W, 3], RGB, 0..1, gamma-encoded.
    """
    chosen = [photos[k] for k in random.choice(len(photos), 12)]
    base = _open(chosen[0], size)
    detail = np.zeros_like(base)
    tiles = [
        _open(path, (DETAIL_PIXELS // zoom,) * 2, zoom)
        for path, zoom in zip(chosen[1:7], (1, 2, 1, 2, 4, 1), strict=True)
    ]
    for top in range(0, size[1], DETAIL_PIXELS):
        for left in range(0, size[0], DETAIL_PIXELS):
            tile = tiles[random.integers(len(tiles))]
            part = detail[top : top + DETAIL_PIXELS, left : left + DETAIL_PIXELS]
            part += (tile - cv2.GaussianBlur(tile, (0, 0), 4))[: part.shape[0], : part.shape[1]]
    grey = base.mean(axis=2)
    structure = np.abs(cv2.Laplacian(cv2.GaussianBlur(grey, (0, 0), 8), cv2.CV_32F, ksize=5))
    structure = cv2.GaussianBlur(structure, (0, 0), 40)
    structure /= np.quantile(structure[::8, ::8], 0.8) + 1e-6
    scene = base + detail * structure.clip(0.1, 1.2)[..., None]
    for path in chosen[7:]:
        side = int(random.integers(200, max(size[1] // 3, 201)))
        patch = _open(path, (side, side))[: size[1], : size[0]]
        top = int(random.integers(0, size[1] - patch.shape[0] + 1))
        left = int(random.integers(0, size[0] - patch.shape[1] + 1))
        scene[top : top + patch.shape[0], left : left + patch.shape[1]] = patch
    return np.asarray(scene.clip(0, 1), np.float32)


def take_photo(
    scene: NDArray[np.float32], iso: int, random: np.random.Generator
) -> NDArray[np.uint8]:
    """Take a picture of a scene: shot and read noise, demosaicing, denoising, sharpening.

    Args:
        scene: float32 [H, W, 3], RGB, 0..1, gamma-encoded; H and W even.
        iso: 100 to 6400.
        random: the generator of the noise.

    Returns:
        uint8 [H, W, 3], RGB, sRGB.
    """
    linear = scene**2.2
    raw = linear[..., 1].copy()
    raw[::2, ::2], raw[1::2, 1::2] = linear[::2, ::2, 0], linear[1::2, 1::2, 2]
    gain = iso / 100
    sigma = np.sqrt(SHOT_NOISE * gain * raw + (READ_NOISE * gain**0.8) ** 2)
    raw += sigma * random.standard_normal(raw.shape, np.float32)
    raw16 = (raw.clip(0, 1) * 65535).astype(np.uint16)
    rgb = cv2.cvtColor(raw16, cv2.COLOR_BayerRGGB2RGB_EA).astype(np.float32) / 65535
    rgb = rgb ** np.float32(1 / 2.2)
    strength = np.log2(gain) / 6  # 0 at ISO 100, 1 at ISO 6400
    luma = cv2.transform(rgb, np.array([[0.299, 0.587, 0.114]], np.float32))
    chroma = cv2.GaussianBlur(rgb - luma[..., None], (0, 0), 0.8 + 2.5 * strength)
    share = np.float32(random.uniform(0.2, 0.7) * strength)
    luma += share * (cv2.GaussianBlur(luma, (0, 0), 1.2) - luma)
    radius, amount = random.uniform(0.6, 1.4), np.float32(random.uniform(0.2, 1.2))
    luma += amount * (luma - cv2.GaussianBlur(luma, (0, 0), radius))  # halos
    rgb = (chroma + luma[..., None]).clip(0, 1)
    return np.asarray(rgb * 255 + 0.5, np.uint8)


def _open(path: Path, size: tuple[int, int], zoom: int = 1) -> NDArray[np.float32]:
    picture = ImageOps.fit(Image.open(path).convert("RGB"), size, Image.Resampling.BICUBIC)
    if zoom > 1:
        whole = (size[0] * zoom, size[1] * zoom)
        picture = picture.resize(whole, Image.Resampling.BICUBIC)
    return np.asarray(picture, np.float32) / np.float32(255)
