"""Photographs of products, made: packages of one brand."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from benchmarks.copies.drawn.content import Content
from benchmarks.copies.drawn.difference import difference
from benchmarks.copies.drawn.labels import DEVELOPMENT_LABELS, TEST_LABELS
from benchmarks.copies.drawn.pairs import ATTEMPTS, LEAST_QUARTER, Pair, photograph
from benchmarks.copies.drawn.sheet import OTHER, Sheet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LABELS = {"test": TEST_LABELS, "development": DEVELOPMENT_LABELS}
SCENE_SIDE = 960  # pixels
ROUND = {"tin_can", "jam_jar"}  # labels that are always around something
SIDE_SHADE = 0.72  # how light the side of a box is, and the edge of a can


def make_packing(number: int, *, half: str, photos: Sequence[str], folder: str, seed: int) -> Pair:
    """Photograph two products of one brand: another kind, other colours, another picture.

    One pair in four keeps the camera where it is, as a shop's pictures do.

    Args:
        number: of the pair; the labels take turns.
        half: `test` or `development`, which have labels of their own.
        photos: paths of the photographs on the packages and behind them.
        folder: where the files are saved.
        seed: of everything.
    """
    random = Content(f"packing {half} {number} {seed}")
    labels = list(LABELS[half].values())
    label = labels[number % len(labels)]
    is_fixed, is_round = number % 4 == 0, label.name in ROUND or random.random() < 0.2
    for _ in range(ATTEMPTS):
        key = random.getrandbits(40)
        base = Sheet(label, key, photos)
        others = random.sample(base.fields, random.randint(1, len(base.fields)))
        changes = dict.fromkeys({*others, "colours", "kind"}, OTHER)
        fronts = base.image, Sheet(label, key, photos, changes).image
        ground = None if is_fixed else photograph(random.choice(photos))
        corners = _corners(fronts[0], np.random.default_rng(key))
        scenes = [_placed(front, corners, ground, is_round=is_round) for front in fronts]
        found = difference(*scenes)
        if found and found.share >= LEAST_QUARTER:
            break
    else:
        raise RuntimeError(f"The label {label.name} can't differ in a quarter; draw more fields.")
    if not is_fixed:
        moved = [corners + _moves(random) for _ in fronts]
        scenes = [
            _placed(front, places, ground, is_round=is_round)
            for front, places in zip(fronts, moved, strict=True)
        ]
    shots = [_camera(scene, random) for scene in scenes]
    what = "camera fixed" if is_fixed else "camera moved"
    stem = os.path.join(folder, f"packing{number:04}")
    return _saved("packing", label.name, what, shots, random, stem, found.share)


def _corners(front: Image.Image, view: np.random.Generator) -> NDArray[np.float64]:
    """Return where a front's corners are in the scene: [4, 2], pixels, clockwise."""
    fit = SCENE_SIDE * view.uniform(0.6, 0.8) / max(front.size)
    half = np.array(front.size) * fit / 2
    square = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half
    turn = view.uniform(-0.2, 0.2)
    rotation = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    lean = 1 + view.uniform(-0.12, 0.12, (4, 1))
    return square @ rotation * lean + SCENE_SIDE / 2


def _moves(random: Content) -> NDArray[np.float64]:
    """Return how far the corners move from one shot to the other: [4, 2], pixels."""
    most = random.uniform(0.01, 0.05) * SCENE_SIDE
    return np.array([[random.uniform(-most, most) for _ in range(2)] for _ in range(4)])


def _placed(
    front: Image.Image,
    corners: NDArray[np.float64],
    ground: Image.Image | None,
    *,
    is_round: bool,
) -> Image.Image:
    """Put a front into a scene: the face of a box, or around a can."""
    import cv2

    size = (SCENE_SIDE, SCENE_SIDE)
    scene = np.full((*size, 3), 244, np.uint8)
    if ground:
        blurred = ImageOps.fit(ground, size, Image.Resampling.BICUBIC)
        scene = np.array(blurred.filter(ImageFilter.GaussianBlur(4)))
    pixels = np.asarray(front)
    height, width = pixels.shape[:2]
    if is_round:
        across = np.linspace(-1, 1, width, dtype=np.float32)
        columns = (np.arcsin(across) / np.pi + 0.5) * (width - 1)
        grid = np.broadcast_to(columns.astype(np.float32), (height, width))
        rows = np.broadcast_to(np.arange(height, dtype=np.float32)[:, None], (height, width))
        shade = SIDE_SHADE + (1 - SIDE_SHADE) * np.sqrt(1 - across**2)
        pixels = (cv2.remap(pixels, grid, rows, cv2.INTER_LINEAR) * shade[:, None]).astype(np.uint8)
    else:
        edge = corners[[1, 2]] + (0.12 * SCENE_SIDE, -0.05 * SCENE_SIDE)
        side = np.array([corners[1], edge[0], edge[1], corners[2]])
        colour = (pixels[:, -1].mean(axis=0) * SIDE_SHADE).tolist()
        cv2.fillPoly(scene, [np.round(side).astype(np.int32)], colour, cv2.LINE_AA)
    flat = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    warp = cv2.getPerspectiveTransform(flat, corners.astype(np.float32))
    face = cv2.warpPerspective(pixels, warp, size, flags=cv2.INTER_AREA)
    cover = cv2.warpPerspective(np.full((height, width), 1, np.float32), warp, size)[..., None]
    return Image.fromarray((scene * (1 - cover) + face * cover).astype(np.uint8))


def _camera(image: Image.Image, random: Content) -> Image.Image:
    """Take a picture of a scene: a little brighter or darker, softer, with noise."""
    noise = np.random.default_rng(random.getrandbits(40))
    soft = image.filter(ImageFilter.GaussianBlur(random.uniform(0, 0.8)))
    pixels = np.asarray(soft) * random.uniform(0.9, 1.08)
    pixels = pixels + noise.normal(0, random.uniform(1, 6), pixels.shape)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _saved(
    kind: str,
    name: str,
    what: str,
    shots: Sequence[Image.Image],
    random: Content,
    stem: str,
    share: float,
) -> Pair:
    paths = []
    for letter, shot in zip("ab", shots, strict=True):
        paths.append(f"{stem}{letter}.jpg")
        shot.save(paths[-1], quality=random.randint(80, 95))
    return Pair(kind, name, what, paths[0], paths[1], share=share)
