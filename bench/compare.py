"""The comparison: every subject under every workload, interleaved, so that a busy moment of the machine hits them all.

In: subjects, workloads, rounds and seconds. Out: the figures of each run, by workload and subject.
"""

from __future__ import annotations

from collections.abc import Sequence

from bench.load import Sample
from bench.subjects import Subject
from bench.workloads import Workload

#: By workload name, then subject name: one sample for each round.
Results = dict[str, dict[str, list[Sample]]]

WARM_UP_SECONDS = 3.0


def prove(subjects: Sequence[Subject], workloads: Sequence[Workload]) -> None:
    """Check every answer of every subject. Raises WrongAnswer."""
    for workload in workloads:
        for subject in subjects:
            subject.prove(workload)
            print(f"  {subject.title} answers {workload.name} right", flush=True)


def compare(subjects: Sequence[Subject], workloads: Sequence[Workload], rounds: int, seconds: float) -> Results:
    """Prove, warm up, time in turns, prove again. Raises WrongAnswer, LoadFailed."""
    prove(subjects, workloads)
    results: Results = {}
    for workload in workloads:
        samples: dict[str, list[Sample]] = {subject.name: [] for subject in subjects}
        for subject in subjects:
            subject.run(workload, WARM_UP_SECONDS)
        runs, length = _runs(workload, rounds, seconds)
        for number in range(1, runs + 1):
            # Forth and back: nobody always comes after the one that leaves the disk most to do.
            for subject in subjects if number % 2 else reversed(subjects):
                sample = subject.run(workload, length)
                samples[subject.name].append(sample)
                print(f"  {workload.name} {number}/{runs} {subject.title}: {sample.rate:,.0f}/s", flush=True)
        results[workload.name] = samples
    prove(subjects, workloads)
    return results


def _runs(workload: Workload, rounds: int, seconds: float) -> tuple[int, float]:
    """How many runs a workload gets, and how long each is."""
    if workload.turns == 1:
        return rounds, seconds
    return rounds * workload.turns, max(1, round(seconds / 2))
