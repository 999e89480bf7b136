"""The samples that `benchmarks.peers` measures, and their medians and ratios in Markdown tables."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import NamedTuple

from benchmarks.report import markdown_table, median_and_range


class Measure(NamedTuple):
    """How a table shows a measure: heading, digits, and whether more is better."""

    heading: str
    digits: int
    more_is_better: bool = False


class Sample(NamedTuple):
    """A value, its round, and in `beside` the reference's value measured just before it, if any."""

    peer: str
    measure: str
    round: int
    value: float
    beside: float | None = None


@dataclass
class Results:
    """All samples, and the peers to compare with.

    Attributes:
        reference: the peer that each sample is compared with, by the value measured just before it.
        other_reference: a second such peer, by its median in the same round.
        samples: in the order in which they were measured.
    """

    reference: str
    other_reference: str
    samples: list[Sample] = field(default_factory=list)

    def add(self, sample: Sample) -> None:
        """Add a sample, and the reference's sample if it has one."""
        self.samples.append(sample)
        if sample.beside is not None:
            self.samples.append(Sample(self.reference, sample.measure, sample.round, sample.beside))

    def values(self, peer: str, measure: str, round_number: int | None = None) -> list[float]:
        """Return the values of a peer, of all rounds or of one."""
        return [
            sample.value
            for sample in self.samples
            if (sample.peer, sample.measure) == (peer, measure)
            and round_number in {None, sample.round}
        ]

    def ratios(self, peer: str, measure: str, to: str, *, more_is_better: bool) -> list[float]:
        """Return how many times better the peer `to` is, by pairs or else by rounds."""
        ratios = []
        for sample in self.samples:
            if (sample.peer, sample.measure) != (peer, measure) or peer == to:
                continue
            beside = sample.beside if to == self.reference else None
            if beside is None:
                same_round = self.values(to, measure, sample.round)
                beside = statistics.median(same_round) if same_round else None
            if beside and sample.value:
                ratio = beside / sample.value
                ratios.append(ratio if more_is_better else 1 / ratio)
        return ratios

    def table(self, peers: list[str], measures: dict[str, Measure]) -> str:
        """Format a row for each peer, with three columns for each measure that has a value."""
        present = {
            name: measure
            for name, measure in measures.items()
            if any(self.values(peer, name) for peer in peers)
        }
        headings = ["peer"]
        for measure in present.values():
            headings += [measure.heading, f"x `{self.reference}`", f"x `{self.other_reference}`"]
        rows = []
        for peer in peers:
            cells = [peer]
            for name, (_, digits, more_is_better) in present.items():
                cells.append(median_and_range(self.values(peer, name), digits))
                cells += [
                    median_and_range(self.ratios(peer, name, to, more_is_better=more_is_better), 2)
                    for to in (self.reference, self.other_reference)
                ]
            rows.append(cells)
        return markdown_table(headings, rows)
