"""Checks the settings against the sources themselves: what is wrong, line by line."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from app.actions.imports import Unusable
from app.integrations.sales_system.kinds import KINDS
from app.integrations.sales_system.loading import reader_of
from app.integrations.sales_system.settings import SalesSettings, SourceSettings
from app.integrations.sales_system.sources import SourceFailed


def check_settings(settings: SalesSettings, zone: ZoneInfo) -> None:
    """Ask every source for every kind; what is wrong is added to the faults."""
    for source in settings.sources.values():
        place = ("sources", source.name)
        try:
            with source.source.opened():
                pass
        except SourceFailed as failure:
            settings.fault(place, failure)
            continue
        for kind, reason in _wrong_kinds(source, zone):
            settings.fault((*place, kind), reason)


def _wrong_kinds(source: SourceSettings, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    """Each kind by itself: after a refusal a database says no more in the same transaction."""
    for key in source.rules:
        try:
            with source.source.opened() as opened, opened.portion(key) as portion:
                reader_of(KINDS[key], portion, source, zone)
        except (SourceFailed, Unusable) as refusal:
            yield key, str(refusal)
