"""What `benchmarks.peers` measured, its spread, and its ratios to lookalike, as Markdown tables."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import NamedTuple

NOTHING = "—"


class Measure(NamedTuple):
    """Something measured: what a table calls it, with how many digits, and which way is better."""

    heading: str
    digits: int
    more_is_better: bool = False


class Sample(NamedTuple):
    """One value, its round, and what the reference had right before, where it was measured."""

    peer: str
    measure: str
    round: int
    value: float
    beside: float | None = None


@dataclass
class Figures:
    """All samples.

    Attributes:
        reference: the peer that the ratios are to, by pairs measured one right after the other.
        second: another that they are to, too, by its median in the same round.
    """

    reference: str
    second: str
    samples: list[Sample] = field(default_factory=list)

    def add(self, sample: Sample) -> None:
        """Take a sample, and the reference's own beside it."""
        self.samples.append(sample)
        if sample.beside is not None:
            self.samples.append(Sample(self.reference, sample.measure, sample.round, sample.beside))

    def values(self, peer: str, measure: str, of_round: int | None = None) -> list[float]:
        """Give what a peer had."""
        return [
            sample.value
            for sample in self.samples
            if (sample.peer, sample.measure) == (peer, measure) and of_round in {None, sample.round}
        ]

    def ratios(self, peer: str, measure: str, to: str, *, more_is_better: bool) -> list[float]:
        """Give how many times better than the peer `to` is, by pairs or else by rounds."""
        found = []
        for sample in self.samples:
            if (sample.peer, sample.measure) != (peer, measure) or peer == to:
                continue
            beside = sample.beside if to == self.reference else None
            if beside is None:
                same_round = self.values(to, measure, sample.round)
                beside = statistics.median(same_round) if same_round else None
            if beside and sample.value:
                ratio = beside / sample.value
                found.append(ratio if more_is_better else 1 / ratio)
        return found

    def table(self, peers: list[str], measures: dict[str, Measure]) -> str:
        """Write a row for each peer, three columns for each measure that has any value."""
        chosen = {
            name: measure
            for name, measure in measures.items()
            if any(self.values(peer, name) for peer in peers)
        }
        headings = ["peer"]
        for measure in chosen.values():
            headings += [measure.heading, f"x `{self.reference}`", f"x `{self.second}`"]
        rows = []
        for peer in peers:
            cells = [peer]
            for name, (_, digits, more) in chosen.items():
                cells.append(spread(self.values(peer, name), digits))
                cells += [
                    spread(self.ratios(peer, name, to, more_is_better=more), 2)
                    for to in (self.reference, self.second)
                ]
            rows.append(cells)
        return table(headings, rows)


def spread(values: list[float], digits: int) -> str:
    """Write a median with the least and the greatest, where they differ."""
    if not values:
        return NOTHING
    middle = f"{statistics.median(values):,.{digits}f}"
    if min(values) == max(values):
        return middle
    return f"{middle} ({min(values):,.{digits}f} to {max(values):,.{digits}f})"


def table(headings: list[str], rows: list[list[str]]) -> str:
    """Write Markdown."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
