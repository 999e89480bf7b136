"""The result of a fine-tuning run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .data import MIN_TO_HOLD_OUT

if TYPE_CHECKING:
    from ..types import Refusal
    from .training_loop import History

FEW_PICTURES = 200  # measured on; with fewer, chance changes mAP by points


@dataclass(frozen=True, slots=True)
class Finetuned:
    """The result of `finetune`; mAP is leave-one-out on held-out pictures, NaN without any.

    Attributes:
        output: path of the encoder's file.
        curve: path of the plot of the training.
        bytes: of the encoder's file.
        dimensions: D.
        labels: number of labels learned.
        pictures: number of pictures trained on.
        held_out: number of pictures measured on.
        refusals: files that could not be used.
        start: mAP of the network's features before training.
        float32: mAP of the embedding after training.
        exported: mAP of the written file.
        others: number of pictures of other kinds measured on.
        others_start: mAP on these before training.
        others_exported: mAP on these of the written file.
        history: losses and validation by epoch.
        seconds: of the whole run.
        device: trained on, `cpu` or `cuda`.
        precision: of the written file, `int8` or `float32`.
    """

    output: str
    curve: str
    bytes: int
    dimensions: int
    labels: int
    pictures: int
    held_out: int
    refusals: tuple[Refusal, ...]
    start: float
    float32: float
    exported: float
    others: int
    others_start: float
    others_exported: float
    history: History
    seconds: float
    device: str
    precision: str

    @property
    def findings(self) -> tuple[str, ...]:
        """The measurements, in sentences."""
        return (*self._held_out_findings(), self._others_finding())

    def _held_out_findings(self) -> tuple[str, ...]:
        if math.isnan(self.exported):
            reason = f"no label has the {MIN_TO_HOLD_OUT} pictures needed to hold some out"
            advice = "run `lookalike evaluate` on other pictures"
            return (f"Nothing was measured, because {reason}; {advice}.",)
        pictures = f"{self.held_out:,} held-out pictures"
        findings = [f"mAP on {pictures}: {self.start:.3f} before, {self.float32:.3f} after."]
        if self.precision == "int8":
            drop = self.float32 - self.exported
            findings.append(
                f"int8 costs {100 * drop:.1f} points of mAP: {self.exported:.3f} in the file."
            )
        if self.held_out < FEW_PICTURES:
            findings.append(
                "That is too few pictures for a reliable figure; run `lookalike evaluate` on more."
            )
        return tuple(findings)

    def _others_finding(self) -> str:
        if math.isnan(self.others_exported):
            return (
                "What became of other pictures was not measured; name a labelled folder of some "
                "with --others."
            )
        return (
            f"mAP on {self.others:,} other pictures: {self.others_start:.3f} before, "
            f"{self.others_exported:.3f} in the file."
        )
