from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.scale import cost


def values(of: cost.Assumptions) -> dict[str, float]:
    return {name: value for name, _, value in cost.estimate(of)}


def test_the_estimate_matches_a_measured_folder() -> None:
    """9,144 pictures took 150 s on two cores (61/s) and 8.5 KB each: docs/benchmarks/index.md."""
    of = cost.Assumptions(pictures=9_144)
    for _, estimated, measured in cost.compare(of, f"{9_144 / 61},{9_144 * 8_500}"):
        assert estimated == pytest.approx(measured, rel=0.05)


def test_ten_times_the_pictures_take_ten_times_as_much() -> None:
    once, tenfold = values(cost.Assumptions(pictures=1e6)), values(cost.Assumptions(pictures=1e7))
    for name, value in once.items():
        if not name.startswith(("...", "galleries")):
            assert tenfold[name] == pytest.approx(10 * value)


def test_only_given_prices_are_listed() -> None:
    free = cost.Assumptions(pictures=1e6, cores=100)
    assert not [name for name in values(free) if name.startswith("price")]
    priced = values(replace(free, core_hour=0.05, gb_month=0.02, read_1000=0.0004))
    assert priced["price: cores"] == pytest.approx(1e6 / 30.5 / 3600 * 0.05)
    assert priced["price: storage per month"] == pytest.approx(8.717 * 0.02)
    assert priced["price: requests"] == pytest.approx((1e6 + 2e6 / 512) / 1000 * 0.0004)


def test_the_slower_of_gpus_and_cores_decides() -> None:
    fast = cost.Assumptions(pictures=1e6, cores=10, gpus=1, gpu_rate=5_000)
    assert cost.ingest_seconds(fast) == pytest.approx(1e6 / 380)
    assert cost.ingest_seconds(replace(fast, cores=1_000)) == pytest.approx(1e6 / 5_000)
    with pytest.raises(SystemExit, match="--gpu-rate"):
        cost.ingest_seconds(replace(fast, gpu_rate=0))


def test_a_gallery_numbers_at_most_a_billion_pictures() -> None:
    assert values(cost.Assumptions(pictures=1e9))["galleries needed for visual words"] == 1
    assert values(cost.Assumptions(pictures=2e9))["galleries needed for visual words"] == 2
