"""Freezing: the four analyses as one JSON text in every language of the product, and that text read again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from sqlalchemy.orm import Session

from app.i18n import is_english, speaking
from app.reports.engine import Period, Report, report_of
from app.reports.management_reports.analyses import (
    ANALYSES,
    Analysis,
    Document,
    analyses,
    analysis_of,
    asked_of,
    in_words,
    records_of,
)
from app.security.actor import Actor

LANGUAGES = ("zh", "en")
#: What stands in a text of each language where they differ.
IN_EACH = frozenset(LANGUAGES)


def freeze(
    session: Session,
    period: Period,
    remarks: Mapping[str, str | None],
    *,
    by: Actor,
    today: date,
    before: Frozen | None = None,
) -> str:
    """The analyses of a period for ``by``, for whom the session works, with his remarks, as a JSON text.

    Beside them stand how far he saw, which tells what the figures are of, and the totals of the report ``before``.
    """
    document = {
        "first": period.first.isoformat(),
        "end": period.end.isoformat(),
        "scope": {"reads": dict(by.reads), "departments": sorted(by.departments)},
        "remarks": dict(remarks),
        "before": {"first": before.period.first.isoformat(), "totals": before.totals()} if before else None,
        "analyses": {name: _frozen(session, report_of(name), period, today) for name in analyses()},
    }
    return json.dumps(document, ensure_ascii=False, sort_keys=True)


def _frozen(session: Session, report: Report, period: Period, today: date) -> Document:
    """One analysis in every language, from figures that are read once."""
    found, asked = report.read_for(session, asked_of(report.name, period, today))
    told = []
    for language in LANGUAGES:
        with speaking(language):
            told.append(in_words(report, asked, report.tidy(found, asked)))
    return {**merged(*told), "records": records_of(session, report.name, asked)}


def merged(chinese: Any, english: Any) -> Any:
    """What two languages say, as one: what differs stands there by its language, all else once."""
    if chinese == english:
        return chinese
    if isinstance(chinese, dict) and isinstance(english, dict) and chinese.keys() == english.keys():
        return {key: merged(value, english[key]) for key, value in chinese.items()}
    if isinstance(chinese, list) and isinstance(english, list) and len(chinese) == len(english):
        return [merged(*pair) for pair in zip(chinese, english, strict=True)]
    return dict(zip(LANGUAGES, (chinese, english), strict=True))


def spoken(kept: Any, language: str) -> Any:
    """What ``merged`` made, in one language."""
    if isinstance(kept, list):
        return [spoken(one, language) if isinstance(one, dict | list) else one for one in kept]
    if not isinstance(kept, dict):
        return kept
    if kept.keys() == IN_EACH:
        return kept[language]
    return {key: spoken(value, language) for key, value in kept.items()}


@dataclass(frozen=True)
class Frozen:
    """What was frozen once, read in the reader's language; an analysis is read when somebody looks at it."""

    text: str

    @cached_property
    def _document(self) -> Document:
        return dict(json.loads(self.text))

    @property
    def period(self) -> Period:
        """The period it is about."""
        return Period(date.fromisoformat(self._document["first"]), date.fromisoformat(self._document["end"]))

    @property
    def names(self) -> tuple[str, ...]:
        """The analyses it has, in their order."""
        return tuple(name for name in ANALYSES if name in self._document["analyses"])

    @property
    def remarks(self) -> Mapping[str, str | None]:
        """What was said to each analysis, and to all of it as ``overall``."""
        return dict(self._document["remarks"])

    @property
    def period_before(self) -> date | None:
        """The first day of the report that it was compared with; None for the first one."""
        before = self._document["before"]
        return date.fromisoformat(before["first"]) if before else None

    def totals_before(self, name: str) -> Mapping[str, Any]:
        """The totals of an analysis in the report before it; empty where there was none."""
        before = self._document["before"] or {"totals": {}}
        return dict(before["totals"].get(name, {}))

    def analysis(self, name: str) -> Analysis:
        """One analysis as it was."""
        return analysis_of(spoken(self._document["analyses"][name], "en" if is_english() else "zh"))

    def totals(self) -> dict[str, dict[str, Any]]:
        """The totals of every analysis, with how many rows each had."""
        tables = {name: one["tables"][0] for name, one in self._document["analyses"].items()}
        return {name: {**table["totals"], "rows": len(table["rows"])} for name, table in tables.items()}


def read_frozen(text: str) -> Frozen:
    """What was frozen in a JSON text."""
    return Frozen(text)
