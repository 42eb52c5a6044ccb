"""Bridge, volume, price and mix, shares and classes of the contribution add up, whatever was bought."""

import tracemalloc
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from pandas import DataFrame, Series, concat, notna
from sqlalchemy import select

from app.models import Customer, CustomerYear
from app.reports.contribution.bridge import bridge_of
from app.reports.contribution.mix import effects_of, half_up
from app.reports.contribution.ranking import Cuts, in_order
from app.reports.engine import Slice, shares
from app.reports.engine.shares import candidates
from tests.related_rows import add_rows
from tests.reports.sales import NOW, customers, empty
from tests.reports.test_contribution import found

AMOUNTS = some.integers(-(10**9), 10**9) | some.integers(-3, 3) | some.integers(10**15, 10**16)
CUTS = Cuts(80, 95)
#: Amount and number of orders now and before.
CUSTOMERS = some.lists(some.tuples(AMOUNTS, some.integers(0, 2), AMOUNTS, some.integers(0, 2)), max_size=40)


def frame(rows):
    """As read: without an order there is no amount."""
    kept = [
        (key, amount if orders else 0, orders, previous if before else 0, before)
        for key, (amount, orders, previous, before) in enumerate(rows, 1)
    ]
    return DataFrame(kept, columns=["key", "amount", "rows", "previous", "rows_before"])


@given(CUSTOMERS)
def test_the_bridge_leads_from_one_total_to_the_other(rows):
    amounts = frame(rows)
    told = bridge_of(amounts)
    assert told.previous == sum(int(one) for one in amounts["previous"])
    parts = (told.new, told.grown, told.shrunk, told.lost)
    assert (
        told.previous + sum(part.change for part in parts) == told.amount == sum(int(one) for one in amounts["amount"])
    )
    unchanged = sum(now == then for now, orders, then, before in rows if orders and before)
    assert sum(part.count for part in parts) + unchanged == sum(
        orders > 0 or before > 0 for _, orders, _, before in rows
    )
    assert told.grown.change >= 0 >= told.shrunk.change
    assert all(abs(change) >= 1 for change in told.most.values()) and len(told.most) <= 5


@given(CUSTOMERS)
def test_everybody_is_in_one_class_and_shares_are_the_whole(rows):
    ordered = in_order(frame(rows), CUTS, is_compared=True)
    assert set(ordered["abc"]) <= {"A", "B", "C"} and ordered["abc"].notna().all()
    assert "".join(ordered["abc"]) == "".join(sorted(ordered["abc"])) or (ordered["amount"] < 0).any()
    total = sum(int(one) for one in ordered["amount"])
    if total > 0:
        assert ordered["share"].sum() == 1000 and ordered["cumulative"].iloc[-1] == 1000
        assert ordered["abc"].iloc[0] == "A"
    else:
        assert ordered["share"].isna().all() and ordered["cumulative"].isna().all()
    ranks = [int(one) + place for place, one in enumerate(ordered["rank_change"], 1) if notna(one)]
    assert len(set(ranks)) == len(ranks)


@given(some.lists(AMOUNTS, min_size=1, max_size=60))
def test_who_is_no_candidate_has_no_share(amounts):
    """Shares worked out of the largest and the negative ones alone are those worked out of all."""
    ordered = Series(sorted(amounts, reverse=True))
    total = sum(amounts)
    if total <= 0:
        return
    below = ordered[ordered < 0]
    part = concat([ordered.iloc[: candidates(below, total)], below])
    part = part[~part.index.duplicated()]
    whole = shares(ordered)
    assert shares(part, total).tolist() == whole[part.index].tolist()
    assert (whole.drop(part.index) == 0).all()


@settings(max_examples=30)
@given(some.integers(1001, 3000), some.integers(1, 10**6), some.integers(0, 20))
def test_nor_has_one_of_very_many(count, amount, negative):
    ordered = Series([amount] * count + [-1] * negative)
    total, below = int(ordered.sum()), ordered[ordered < 0]
    if total <= 0:
        return
    part = concat([ordered.iloc[: candidates(below, total)], below])
    part = part[~part.index.duplicated()]
    assert shares(part, total).tolist() == shares(ordered)[part.index].tolist()


BOUGHT = some.lists(
    some.tuples(
        some.integers(1, 4),
        some.integers(0, 5),
        *(AMOUNTS, some.integers(-(10**13), 10**13) | some.just(0)),
        *(AMOUNTS, some.integers(-(10**13), 10**13) | some.just(0)),
    ),
    max_size=40,
)
COLUMNS = ["customer", "product", "amount_1", "quantity_1", "amount_0", "quantity_0"]


@given(BOUGHT)
def test_volume_price_and_mix_are_the_whole_change(rows):
    bought = DataFrame(rows, columns=COLUMNS)
    effects = effects_of(bought)
    for customer, one in effects.items():
        own = [row for row in rows if row[0] == customer]
        assert one.volume + one.price + one.mix == one.change == sum(row[2] - row[4] for row in own)
        if all(row[1] == 0 or row[3] <= 0 or row[5] <= 0 for row in own):
            assert (one.volume, one.price) == (0, 0)


@given(some.integers(-(10**15), 10**15), some.integers(1, 10**9))
def test_halves_are_rounded_away_from_zero(number, divisor):
    assert half_up(number, divisor) == int((Decimal(number) / divisor).quantize(Decimal(1), ROUND_HALF_UP))


def test_the_volume_at_the_old_price():
    """10 for 1,000 yuan became 5 for 450: half the volume is 500 less, and 50 less is the price."""
    bought = DataFrame([(1, 9, 45_000, 5_000, 100_000, 10_000)], columns=COLUMNS)
    [one] = effects_of(bought).values()
    assert (one.volume, one.price, one.mix) == (-50_000, -5_000, 0)


# ---- odd and large companies -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cents",
    [[], [100], [0, 0], [-500, -1], [500, -500], [7] * 30, [10**15] * 3, [300, 200, -600]],
    ids=["none", "one", "zeros", "negative", "nothing in all", "equal", "huge", "less than nothing"],
)
def test_odd_amounts(rows, session_of, cents):
    with rows() as session:
        empty(session)
        keep(session, cents)
    with session_of("supervisor") as (session, _):
        pages = [found(session, part, **more) for part in (None, Slice(0, 25)) for more in ({}, {"year": 2025})]
        for outcome in pages:
            assert outcome.table.totals["amount"] == sum(cents)
            assert outcome.table.rows_in_all == len(cents)
            assert all(chart.says for chart in outcome.charts)
            known = [row["share"] for row in outcome.table.rows()]
            if sum(cents) > 0 and len(cents) <= 25:
                assert sum(known) == outcome.table.totals["share"] == 1000


def keep(session, cents):
    """Customers with these amounts in 2025, as if orders had said so."""
    of = list(customers(session, [f"{place}号公司" for place in range(len(cents))]).values())
    if of:
        keep_of(session, [one.id for one in of], cents)


def keep_of(session, keys, cents):
    amounts = [Decimal(one).scaleb(-2) for one in cents]
    kept = [{"customer_id": key, "orders": 1, "amount": amount} for key, amount in zip(keys, amounts, strict=True)]
    add_rows(session, CustomerYear, [{**one, "year": year} for one in kept for year in (0, 2025)])


MANY = 50_000


def test_fifty_thousand_customers_take_little_memory(rows, session_of):
    """A page out of the kept years holds no more of them than it shows; even a comparison of all is small."""
    with rows() as session:
        empty(session)
        first = (session.scalars(select(Customer.id).order_by(Customer.id.desc())).first() or 0) + 1
        new = [
            {"id": key, "number": f"KH{key:015}", "name": f"公司{key}", "name_key": f"公司{key}", "status": "active"}
            for key in range(first, first + MANY)
        ]
        add_rows(session, Customer, [{**one, "version": 1, "created_on": NOW, "changed_on": NOW} for one in new])
        keep_of(session, [one["id"] for one in new], [key * 37 % 1_000_003 - 5_000 for key in range(MANY)])
    with session_of("supervisor") as (session, _):
        found(session, Slice(0, 25)), found(session, Slice(0, 25), year=2025)
        for given_, most in (({}, 10), ({"year": 2025}, 200)):
            tracemalloc.start()
            outcome = found(session, Slice(40_000, 25), **given_)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert outcome.table.rows_in_all == MANY
            assert peak < most * 1_000_000, peak
        whole = found(session, **{"compare": "none"})
        page = found(session, Slice(300, 25))
        pick = ("name", "amount", "share", "cumulative", "abc")
        assert [[row[name] for name in pick] for row in page.table.rows(300, 25)] == [
            [row[name] for name in pick] for row in whole.table.rows(300, 25)
        ]
