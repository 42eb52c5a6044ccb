"""A report at the moment in which somebody takes it along: what every file of it says of itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.i18n import format_moment, gettext, listed
from app.models.audit import AuditKind
from app.reports.engine import Asked, Outcome, PeriodFilter, Report, Table
from app.security.audit import note

#: What no file name holds on one of the usual systems.
NOT_IN_NAMES = re.compile(r'[\\/:*?"<>|\s\x00-\x1f]+')


@dataclass(frozen=True)
class Edition:
    """What was asked of a report and what it found, when it was made and by whom; nobody where a command made it."""

    report: Report
    asked: Asked
    outcome: Outcome
    made_at: datetime
    made_by: str = ""

    @property
    def title(self) -> str:
        """The report's name in the reader's language."""
        return str(self.report.label)

    def conditions(self) -> Iterator[tuple[str, str]]:
        """What is asked, in words: the filter and its value; a period always, so that nobody has to guess it."""
        for one in self.report.filters:
            value = self.asked[one.key]
            if value is not None:
                yield str(one.label), one.shown(value)
            elif isinstance(one, PeriodFilter):
                yield str(one.label), gettext("All")

    def conditions_in_words(self) -> str:
        """The same as one line."""
        return listed(gettext("%(filter)s: %(value)s", filter=name, value=value) for name, value in self.conditions())

    def made(self) -> str:
        """When it was made and by whom, as one line."""
        time = format_moment(self.made_at)
        if not self.made_by:
            return gettext("Made on %(time)s", time=time)
        return gettext("Made on %(time)s by %(name)s", time=time, name=self.made_by)

    def tables(self) -> tuple[Table, ...]:
        """The report's own table and those below it."""
        return (self.outcome.table, *self.outcome.more)

    def file_name(self, suffix: str, part: str = "") -> str:
        """What its file is called, in the reader's language, with the period and perhaps the part that it holds."""
        periods = (self.asked[one.key] for one in self.report.filters if isinstance(one, PeriodFilter))
        words = (self.title, part, *(str(period) if period else gettext("All") for period in periods))
        return f"{'-'.join(NOT_IN_NAMES.sub('_', word) for word in words if word)}.{suffix}"


def note_taken(session: Session, edition: Edition, what: Mapping[str, Any]) -> None:
    """Write into the audit log that a file of an edition was taken, with ``what`` it was; the caller commits."""
    home = edition.report.screen.home.strip("/")
    told = {"list": home, "conditions": dict(edition.asked.texts), **what}
    note(session, AuditKind.EXPORTED, changes={name: [None, value] for name, value in told.items()})
