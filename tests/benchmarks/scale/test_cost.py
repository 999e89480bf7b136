from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.scale import cost


def values(of: cost.Assumed) -> dict[str, float]:
    return {name: value for name, _, value in cost.table(of)}


def test_the_measured_folder_is_predicted() -> None:
    """9,144 pictures took 150 s on two cores (61 a second) and 8.5 KB each: docs/benchmarks/index.md."""
    of = cost.Assumed(pictures=9_144)
    for _, predicted, found in cost.compared(of, f"{9_144 / 61},{9_144 * 8_500}"):
        assert predicted == pytest.approx(found, rel=0.05)


def test_ten_times_the_pictures_take_ten_times_as_much() -> None:
    one, ten = values(cost.Assumed(pictures=1e6)), values(cost.Assumed(pictures=1e7))
    for name, value in one.items():
        if not name.startswith(("...", "galleries")):
            assert ten[name] == pytest.approx(10 * value)


def test_prices_are_asked_for() -> None:
    free = cost.Assumed(pictures=1e6, cores=100)
    assert not [name for name in values(free) if name.startswith("price")]
    priced = values(replace(free, core_hour=0.05, gb_month=0.02, read_1000=0.0004))
    assert priced["price: cores"] == pytest.approx(1e6 / 30.5 / 3600 * 0.05)
    assert priced["price: keeping it, a month"] == pytest.approx(8.717 * 0.02)
    assert priced["price: requests"] == pytest.approx((1e6 + 2e6 / 512) / 1000 * 0.0004)


def test_a_gpu_waits_for_its_cores_and_they_for_it() -> None:
    fed = cost.Assumed(pictures=1e6, cores=10, gpus=1, gpu_rate=5_000)
    assert cost.seconds(fed) == pytest.approx(1e6 / 380)
    assert cost.seconds(replace(fed, cores=1_000)) == pytest.approx(1e6 / 5_000)
    with pytest.raises(SystemExit, match="--gpu-rate"):
        cost.seconds(replace(fed, gpu_rate=0))


def test_what_can_be_numbered() -> None:
    assert values(cost.Assumed(pictures=1e9))["galleries needed for the words"] == 1
    assert values(cost.Assumed(pictures=2e9))["galleries needed for the words"] == 2
