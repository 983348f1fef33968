"""What Kapok has to reach, as ratios of one run: the median of those of its rounds.

In: the comparison's results. Out: `Target`s, each with the figure, the limit and whether it was met.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.compare import Results
from bench.load import Sample, median, ratio

#: Requests a second, as multiples of the faster PostGraphile.
OVER_POSTGRAPHILE = {"by_key": 2.0, "list": 2.5, "nested": 2.5, "insert": 1.5}
#: Requests a second of an end user under row rules, as a share of those with a key and without such rules.
OF_PLAIN = {"by_key": 0.9, "list": 0.9, "nested": 0.9}
#: Requests a second, as a share of the ceiling.
OF_CEILING = {"by_key": 0.28, "nested": 0.65}


@dataclass(frozen=True, slots=True)
class Target:
    """One measured figure against its limit. at_least: whether more is better."""

    text: str
    figure: float
    limit: float
    unit: str = ""
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether the figure is within the limit."""
        return self.figure >= self.limit if self.at_least else self.figure <= self.limit

    def __str__(self) -> str:
        bound = "at least" if self.at_least else "at most"
        verdict = "met" if self.met else "MISSED"
        return f"{verdict}: {self.text}: {self.figure:,.2f}{self.unit}, {bound} {self.limit:,.2f}{self.unit}"


def comparison_targets(results: Results) -> list[Target]:
    """The targets that this run has the figures for."""
    return [target for name, samples in results.items() if "kapok" in samples for target in _of_workload(name, samples)]


def _of_workload(name: str, samples: Mapping[str, Sequence[Sample]]) -> Iterator[Target]:
    kapok = samples["kapok"]
    rivals = [samples[peer] for peer in ("postgraphile4", "postgraphile5") if peer in samples]
    if rivals:
        if name in OVER_POSTGRAPHILE:
            least = min(ratio(kapok, rival) for rival in rivals)
            yield Target(f"{name}: rate over the faster PostGraphile", least, OVER_POSTGRAPHILE[name], at_least=True)
        ours, best = median(kapok), [median(rival) for rival in rivals]
        yield Target(f"{name}: p95 (PostGraphile's best)", ours.p95, min(rival.p95 for rival in best), " ms")
        yield Target(f"{name}: p99 (PostGraphile's best)", ours.p99, min(rival.p99 for rival in best), " ms")
    if "kapok_user" in samples and name in OF_PLAIN:
        share = ratio(samples["kapok_user"], kapok)
        yield Target(f"{name}: user token and row rules, rate over plain", share, OF_PLAIN[name], at_least=True)
    if "ceiling" in samples and name in OF_CEILING:
        share = ratio(kapok, samples["ceiling"])
        yield Target(f"{name}: share of the ceiling", share, OF_CEILING[name], at_least=True)
