"""The filter form of a report."""

from collections.abc import Iterator, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.i18n import Label
from app.models.basedata import DictionaryEntry
from app.reports.engine import Asked, EntryFilter, Filter, OptionFilter, PeriodFilter
from app.views.pager import FilterField

#: So many years are offered; any other may stand in the address.
YEARS_OFFERED = 10


def fields_of(filters: Sequence[Filter], asked: Asked, session: Session) -> list[FilterField]:
    """The fields of the form, each as the block above a list draws them."""
    wanted = {one.category.value for one in filters if isinstance(one, EntryFilter)}
    of_categories = select(DictionaryEntry).where(DictionaryEntry.category.in_(wanted)).order_by(DictionaryEntry.id)
    entries = session.scalars(of_categories).all() if wanted else []
    return [field for one in filters for field in _fields(one, asked, entries)]


def _fields(one: Filter, asked: Asked, entries: Sequence[DictionaryEntry]) -> Iterator[FilterField]:
    if isinstance(one, PeriodFilter):
        yield from _period_fields(one, asked)
        return
    choices: list[tuple[str, str]] = []
    if isinstance(one, OptionFilter):
        choices = [(option.value, str(option.label)) for option in one.options]
    elif isinstance(one, EntryFilter):
        choices = [(entry.text, entry.text) for entry in entries if entry.category == one.category.value]
    kind, remote = ("choice" if choices else one.kind), ("/choices/people" if one.kind == "person" else "")
    yield FilterField(one.key, (one.key,), one.label, kind, one.is_more, _given(asked, one.key), choices, remote)


def _period_fields(one: PeriodFilter, asked: Asked) -> Iterator[FilterField]:
    """The years, and for any other period its first and last day."""
    years = [str(asked.today.year - back) for back in range(YEARS_OFFERED)]
    given = asked.texts.get("year", "")
    offered = years if not given or given in years else [given, *years]
    year = [(text, text) for text in offered]
    yield FilterField("year", ("year",), one.label, "choice", one.is_more, _given(asked, "year"), year, "")
    days = ("from", "to")
    yield FilterField("from", days, Label("Days"), "date_range", True, _given(asked, *days), [], "")


def _given(asked: Asked, *names: str) -> dict[str, str]:
    return {name: asked.texts.get(name, "") for name in names}
