"""The first page after signing in: key figures, what is to do, what happened, and what is announced."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import request
from flask_appbuilder.baseviews import BaseView
from markupsafe import Markup

from app.clock import now
from app.extensions import session
from app.i18n import Label, format_day, gettext, ngettext
from app.reports.charts import spark
from app.views.edge import actor, person, zone
from app.views.guards import expose, signed_in
from app.views.listing import BadAddress
from app.views.presentation import Button, Page
from app.views.sections import Due, Figure, Look, NewsLine, Tally, TodoLine, TodoSource, capped, held
from app.views.wording import day_in_words, heading_day, moment_in_words

MOST_FIGURES, MOST_TODO, MOST_NEWS = 6, 20, 10


@dataclass(frozen=True)
class TodoRow:
    """A line of what is to do, as drawn."""

    kind: Any
    icon: str
    line: TodoLine
    due: str
    look: str


@dataclass(frozen=True)
class TodoGroup:
    """The lines that are overdue, due today, due in the rest of this week, or later; ``count`` is of all."""

    label: Any
    look: str
    count: str
    rows: list[TodoRow]


class Workbench(BaseView):  # type: ignore[misc]  # Flask-AppBuilder has no types
    """The page at ``/``."""

    route_base = ""
    default_view = "index"

    @expose("/")
    @signed_in
    def index(self) -> Any:
        """Everything but the charts, which follow."""
        look = make_look()
        page = Page(Label("Workbench"), "")
        figures = [(figure, figure.read(look)) for figure in _figures(look)]
        todo, news, notices = _todo(look, _due()), _news(look), _notices(look)
        is_new = not news and not (todo and todo["rows"])
        return self.render_template(
            "crm/workbench.html",
            page=page,
            day=heading_day(look.today),
            figures=figures,
            todo=todo,
            news=news,
            notices=notices,
            first_steps=_first_steps(look) if is_new else [],
            has_rights=bool(look.by.rights),
        )

    @expose("/workbench/sparks")
    @signed_in
    def sparks(self) -> Any:
        """The small charts of the key figures, asked for by the page when it stands."""
        look = make_look()
        return self.render_template("crm/workbench_sparks.html", sparks=[_spark(one, look) for one in _figures(look)])


def make_look() -> Look:
    """The look of the person of this request, today."""
    return Look(session(), actor(), person().username, now(zone()).date(), zone())


def _figures(look: Look) -> list[Figure]:
    return sorted(held("figures", look.by), key=lambda figure: figure.place)[:MOST_FIGURES]


def _spark(figure: Figure, look: Look) -> tuple[str, Markup]:
    """The chart of a figure's course; none where there was never anything to count."""
    series = figure.series(look)
    return figure.key, spark(series.values if any(series.values) else (), series.title, series.colour)


def _first_steps(look: Look) -> list[Any]:
    return sorted(held("first_steps", look.by), key=lambda step: step.place)


# ---- what is to do ----------------------------------------------------------------------------------------


def _due() -> Due:
    """The tab that the address asks for; raises BadAddress for none of them."""
    asked = request.args.get("due", Due.WEEK.value)
    if asked not in {due.value for due in Due}:
        raise BadAddress(Label("To do"))
    return Due._value2member_map_[asked]  # type: ignore[return-value]  # StrEnum's map is typed for any Enum


def _todo(look: Look, due: Due) -> dict[str, Any] | None:
    """The block of what is to do; None for who has nothing of the kind."""
    sources = list(held("todo", look.by))
    if not sources:
        return None
    tallies = [source.tally(look) for source in sources]
    in_all = sum(tallies, Tally())
    if not in_all.until(Due.ALL) and all(source.is_quiet for source in sources):
        return None
    rows = _rows(sources, tallies, look, due)
    return {
        "tabs": [(one.label, capped(in_all.until(one)), f"/?due={one.value}", one is due) for one in Due],
        "rows": rows,
        "groups": _groups(rows, in_all, look),
        "is_cut": in_all.until(due) > len(rows),
        "lists": [
            (source.label, capped(tally.until(due)), source.href(look, due))
            for source, tally in zip(sources, tallies, strict=True)
            if tally.until(due)
        ],
    }


def _rows(sources: Sequence[TodoSource], tallies: Sequence[Tally], look: Look, due: Due) -> list[TodoRow]:
    """The first lines of every source that has some, the most urgent first."""
    lines = [
        (line, source)
        for source, tally in zip(sources, tallies, strict=True)
        if tally.until(due)
        for line in source.lines(look, due, MOST_TODO)
    ]
    lines.sort(key=lambda one: one[0].due_on)
    return [_row(line, source, look) for line, source in lines[:MOST_TODO]]


def _row(line: TodoLine, source: TodoSource, look: Look) -> TodoRow:
    overdue = (look.today - line.due_on).days
    if overdue > 0:
        words = ngettext("%(num)d day overdue", "%(num)d days overdue", overdue)
        return TodoRow(source.label, source.icon, line, words, "bad")
    words = str(line.due) or due_in_words(line.due_on, look)
    return TodoRow(source.label, source.icon, line, words, "" if overdue == 0 else "ink2")


def due_in_words(day: date, look: Look) -> str:
    """Today, a day of this week by its name, else the date."""
    if day == look.today:
        return gettext("Today")
    return format_day(day, "EEE") if day <= look.week_end else day_in_words(day, look.today)


def _groups(rows: Sequence[TodoRow], in_all: Tally, look: Look) -> list[TodoGroup]:
    """The groups that have lines here."""
    groups = (
        (Label("Overdue"), "bad", in_all.overdue, lambda day: day < look.today),
        (Label("Today"), "", in_all.today, lambda day: day == look.today),
        (Label("Rest of this week"), "", in_all.week, lambda day: look.today < day <= look.week_end),
        (Label("Later"), "", in_all.later, lambda day: day > look.week_end),
    )
    found = (
        TodoGroup(label, tone, capped(count), [row for row in rows if holds(row.line.due_on)])
        for label, tone, count, holds in groups
    )
    return [group for group in found if group.rows]


# ---- what happened, and what is announced -------------------------------------------------------------------


def _news(look: Look) -> list[tuple[NewsLine, str]]:
    """The latest of every source, newest first, each with when it happened."""
    found = [line for source in held("news", look.by) for line in source.latest(look, MOST_NEWS)]
    latest = heapq.nlargest(MOST_NEWS, found, key=lambda line: line.at)
    return [(line, moment_in_words(line.at, look.today, look.zone)) for line in latest]


def _notices(look: Look) -> list[dict[str, Any]]:
    return [
        {
            "label": source.label,
            "href": source.href,
            "empty": source.empty,
            "lines": [(one, day_in_words(one.on, look.today)) for one in source.read(look)],
            "new": _new_button(source, look),
        }
        for source in held("notices", look.by)
    ]


def _new_button(source: Any, look: Look) -> Button | None:
    return source.new if look.by.may(source.new_right) else None
