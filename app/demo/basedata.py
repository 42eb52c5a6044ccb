"""The keys of the dictionary's entries, by their Chinese text."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from app.models.basedata import Category, DictionaryEntry


@dataclass(frozen=True, slots=True)
class Entries:
    """Regions and industries by their text, levels from the lowest up."""

    regions: dict[str, int]
    industries: dict[str, int]
    levels: tuple[int, ...]


def read_entries(connection: Connection) -> Entries:
    """The entries as the database has them."""
    return Entries(
        regions=_entries(connection, Category.REGION),
        industries=_entries(connection, Category.INDUSTRY),
        levels=tuple(_entries(connection, Category.LEVEL).values()),
    )


def _entries(connection: Connection, category: Category) -> dict[str, int]:
    statement = (
        select(DictionaryEntry.item, DictionaryEntry.id)
        .where(DictionaryEntry.category == category.value)
        .order_by(DictionaryEntry.position, DictionaryEntry.id)
    )
    return dict(connection.execute(statement).all())
