"""Medians and 90th percentiles of the few durations that the database picks."""

import statistics

from hypothesis import given
from hypothesis import strategies as some
from pandas import DataFrame

from app.reports.analyses.service.durations import percentiles


@given(some.lists(some.integers(0, 10**7), min_size=1, max_size=40))
def test_percentiles_are_those_of_the_statistics(seconds):
    ordered = sorted(seconds)
    rows = [
        {"step": "close", "key": 1, "seconds": one, "place": place, "of": len(ordered)}
        for place, one in enumerate(ordered)
    ]
    frame = DataFrame(rows).assign(place_in_all=lambda rows: rows["place"], of_all=len(ordered))
    median, slow, count = percentiles(frame)["close", "all"]
    assert count == len(seconds) and median == int(statistics.median(ordered)) // 60
    if len(ordered) > 1:
        exact = statistics.quantiles(ordered, n=10, method="inclusive")[-1]
        assert slow == int(exact + 1e-6) // 60
