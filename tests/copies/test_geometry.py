from __future__ import annotations

from lookalike.copies.geometry import clip_to_picture, frame_corners


def test_outlines_are_clipped_to_the_frame() -> None:
    assert len(clip_to_picture(frame_corners(10, 10) + 100, 50, 50)) == 0
    half = clip_to_picture(frame_corners(10, 10) - [5, 0], 50, 50)
    assert half.min(axis=0).tolist() == [0, 0]
    assert half.max(axis=0).tolist() == [5, 10]
