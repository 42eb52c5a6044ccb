"""The timeline of a customer: one stream of everything that happened, which each feature adds its kind to.

A module names what it adds as ``CUSTOMER_TIMELINE = (TimelineKind(…),)``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain, groupby
from typing import Any

from flask import request

from app.extensions import session
from app.i18n import Label, format_day, gettext
from app.models.customers import Customer
from app.reports.timeline import Entry, Place, Source, Steps, merged
from app.security.rights import CUSTOMERS, Verb
from app.views.customers.tabs import CustomerTab, declared, tab_href
from app.views.edge import actor, read_key, wants_part, zone
from app.views.listing import BadAddress
from app.views.presentation import Cell

ENTRIES_SHOWN = 20
TIMELINE = "timeline"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Until the year 2286, in microseconds.
LONGEST_MOMENT = 16
#: So much of a long text stands in the stream; all of it on its own page.
LONGEST_DETAIL = 120


@dataclass(frozen=True)
class Line:
    """Something that happened, as drawn: its kind in a word, what it was, the way to it, and more below."""

    icon: str
    title: Any
    what: str = ""
    href: str = ""
    state: Cell | None = None
    more: Sequence[str] = ()


@dataclass(frozen=True)
class TimelineKind:
    """One kind of happenings, for whoever holds ``right``; ``lines`` puts what ``source`` found into words, by key.

    Where everything is shown, another kind tells of what ``is_told_elsewhere``.
    """

    label: Label
    right: str
    source: Source | Steps
    lines: Callable[[Sequence[Sequence[Any]], Customer], Mapping[int, Line]]
    place: int = 50
    is_told_elsewhere: bool = False

    @property
    def key(self) -> str:
        """Its word in addresses."""
        return self.source.kind


def kinds() -> list[TimelineKind]:
    """The kinds that the reader may see, in their order."""
    found = chain.from_iterable(declared("CUSTOMER_TIMELINE", tuple))
    return sorted((kind for kind in found if actor().may(kind.right)), key=lambda kind: kind.place)


def timeline_section(customer: Customer) -> dict[str, Any]:
    """One page of the stream, of one kind or of all."""
    offered = kinds()
    chosen, before = _chosen(offered), _before()
    found = merged(
        session(),
        customer,
        [kind.source for kind in offered if chosen == kind.key or not (chosen or kind.is_told_elsewhere)],
        before=before,
        size=ENTRIES_SHOWN + 1,
        zone=zone(),
    )
    shown = found[:ENTRIES_SHOWN]
    return {
        "template": "crm/timeline.html",
        "title": Label("Timeline"),
        "kinds": [("", Label("All")), *((kind.key, kind.label) for kind in offered)],
        "chosen": chosen,
        "kind_href": lambda key: _href(customer, key),
        "months": _months(shown, _drawn(shown, offered, customer), before),
        "is_first_page": before is None,
        "earlier_href": _href(customer, chosen, shown[-1].place) if len(found) > len(shown) else "",
    }


def _drawn(shown: Sequence[Entry], offered: Sequence[TimelineKind], customer: Customer) -> dict[Place, Line]:
    """The words of every entry, asked for kind by kind."""
    drawn: dict[Place, Line] = {}
    for kind in offered:
        for name in kind.source.kinds:
            entries = [entry for entry in shown if entry.place.kind == name]
            lines = kind.lines([entry.row for entry in entries], customer) if entries else {}
            drawn |= {entry.place: lines[entry.place.key] for entry in entries}
    return drawn


def _months(
    shown: Sequence[Entry], drawn: Mapping[Place, Line], before: Place | None
) -> list[tuple[str, list[tuple[Line, str]]]]:
    """The lines below the heads of their months; what is added below a page goes on in its last month."""
    # Translators: month and year, as a pattern of CLDR.
    pattern = gettext("MMMM yyyy")
    found = [
        (format_day(month, pattern), [(drawn[entry.place], _when(entry)) for entry in entries])
        for month, entries in groupby(shown, key=lambda entry: entry.on.replace(day=1))
    ]
    is_same = shown and before and _month(before.moment) == shown[0].on.replace(day=1)
    if is_same and wants_part():
        found[0] = ("", found[0][1])
    return found


def _month(moment: datetime) -> date:
    return moment.astimezone(zone()).date().replace(day=1)


def _when(entry: Entry) -> str:
    """Month and day, with the time of what has one."""
    if entry.has_time:
        return f"{entry.place.moment.astimezone(zone()):%m-%d %H:%M}"
    return f"{entry.on:%m-%d}"


def cut(text: str) -> str:
    """As much of a long text as a line of the stream holds."""
    return text if len(text) <= LONGEST_DETAIL else f"{text[:LONGEST_DETAIL]}…"


# ---- addresses ----------------------------------------------------------------------------------------


def _chosen(offered: Sequence[TimelineKind]) -> str:
    """The kind that the address asks for, empty for all; raises BadAddress for none of them."""
    asked = request.args.get("kind", "")
    if asked and asked not in {kind.key for kind in offered}:
        raise BadAddress(Label("Kind"))
    return asked


def _before() -> Place | None:
    """The place below which the address begins; raises BadAddress."""
    asked = request.args.get("before")
    if not asked:
        return None
    parts = asked.split(".")
    is_moment = parts[0].isascii() and parts[0].isdigit() and len(parts[0]) <= LONGEST_MOMENT
    if len(parts) != 3 or not is_moment or not read_key(parts[2]):
        raise BadAddress(Label("Page"))
    moment, kind, key = parts
    return Place(EPOCH + timedelta(microseconds=int(moment)), kind, int(key))


def _href(customer: Customer, kind: str, before: Place | None = None) -> str:
    asked = {"kind": kind} if kind else {}
    if before is not None:
        asked["before"] = f"{(before.moment - EPOCH) // timedelta(microseconds=1)}.{before.kind}.{before.key}"
    return tab_href(customer, TIMELINE, **asked)


CUSTOMER_TAB = CustomerTab(TIMELINE, Label("Timeline"), CUSTOMERS.right(Verb.SEE), timeline_section, place=0)
