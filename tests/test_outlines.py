from __future__ import annotations

from lookalike.outlines import frame, shared_part


def test_outlines_are_cut_to_the_frame() -> None:
    assert len(shared_part(frame(10, 10) + 100, 50, 50)) == 0
    half = shared_part(frame(10, 10) - [5, 0], 50, 50)
    assert half.min(axis=0).tolist() == [0, 0]
    assert half.max(axis=0).tolist() == [5, 10]
