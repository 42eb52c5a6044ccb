"""Ways to group records: by which column, what its values are called, in which order, and how a list asks for them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import select

from app.i18n import Choice, Label, LazyString, gettext, ngettext
from app.models.basedata import Category, DictionaryEntry
from app.models.org import Employee, written_name
from app.reports.engine.asking import Asked
from app.reports.engine.frames import Statement, word_of

if TYPE_CHECKING:
    from pandas import DataFrame

#: The word for records that have no value, by which lists find them too.
UNSPECIFIED = Label("Unspecified")
#: The scores of customers and of requests, the best first.
SCORES = (5, 4, 3, 2, 1)


@dataclass(frozen=True)
class Value:
    """One value of a grouping: its key in the rows, its word, and the parameters by which a list asks for it."""

    key: Any
    word: str
    asks: Mapping[str, str]


@dataclass(frozen=True)
class Grouping:
    """Records by the values of a column. ``parameter`` is what the list behind the figures calls it.

    Where it ``is_ranked``, the values with the most records come first, and those without any are left out.
    """

    choice: Choice
    label: LazyString
    parameter: str
    of: Any

    is_ranked: ClassVar[bool] = False
    #: Whether a record may be without a value.
    may_be_none: ClassVar[bool] = True

    def column(self, asked: Asked) -> Any:
        """What the records are grouped by."""
        return self.of

    def names(self) -> Statement | None:
        """The statement that finds what the values are called, where the database knows it."""
        return None

    def values(self, asked: Asked, names: DataFrame | None, found: Collection[Any]) -> Iterator[Value]:
        """Every value in its order; of those that are not used any more, the ``found`` ones."""
        raise NotImplementedError

    def none(self) -> Value:
        """What stands for records without a value."""
        return Value(None, str(UNSPECIFIED), {self.parameter: str(UNSPECIFIED)})

    def table(self, asked: Asked, frames: Mapping[str, DataFrame], *figures: str) -> DataFrame:
        """A row for each value, from the rows of ``cells`` with a ``key``, and from ``names``.

        ``value`` is its word, ``asks`` what a list is asked. The ``figures``, whole numbers, are summed up, 0 for a
        value without rows. Last comes what has no value, where there is any.
        """
        from pandas import DataFrame, Series

        whole = frames["cells"].astype(dict.fromkeys(figures, "int64"))
        sums = whole.groupby("key", dropna=False, sort=False)[list(figures)].sum()
        by_key = {plain_key(key): row for key, row in zip(sums.index, sums.to_dict("records"), strict=True)}
        values = list(self.values(asked, frames.get("names"), by_key.keys()))
        known = {one.key for one in values}
        values += [self._unknown(key) for key in by_key if key is not None and key not in known]
        zeros = dict.fromkeys(figures, 0)
        rows = [(one, by_key.get(one.key, zeros)) for one in values]
        if self.is_ranked:
            rows.sort(key=lambda row: -row[1][figures[0]])
        rows += [(self.none(), by_key[None])] if None in by_key else []
        found = DataFrame([{"value": one.word, "asks": one.asks, **row} for one, row in rows])
        found = found.reindex(columns=["value", "asks", *figures])
        return found.assign(key=Series([one.key for one, _ in rows], dtype="object"))

    @staticmethod
    def _unknown(key: Any) -> Value:
        return Value(key, gettext("Removed value"), {})


def plain_key(key: Any) -> Any:
    """None for a missing key, which pandas writes in several ways; whole numbers as such."""
    if key is None or key != key:  # noqa: PLR0124  # what is not a number differs from itself
        return None
    return int(key) if isinstance(key, float) else key


@dataclass(frozen=True)
class ByEntry(Grouping):
    """By an entry of the dictionary; entries that are switched off are shown where a record still has them."""

    category: Category = Category.REGION
    #: Whether the last of the category is the best, which comes first.
    is_best_last: bool = False

    def names(self) -> Statement:
        """The entries in the order of the dictionary."""
        columns = (DictionaryEntry.id, DictionaryEntry.item, DictionaryEntry.item_en, DictionaryEntry.is_active)
        order = (DictionaryEntry.position, DictionaryEntry.id)
        statement: Statement = select(*columns).where(DictionaryEntry.category == self.category.value)
        return statement.order_by(*((one.desc() for one in order) if self.is_best_last else order))

    def values(self, asked: Asked, names: DataFrame | None, found: Collection[Any]) -> Iterator[Value]:
        """In the reader's language."""
        assert names is not None  # noqa: S101  # for the type checker alone
        for row in names.to_dict("records"):
            if row["is_active"] or row["id"] in found:
                word = word_of(row["item"], row["item_en"]) or ""
                yield Value(row["id"], word, {self.parameter: word})


@dataclass(frozen=True)
class ByPerson(Grouping):
    """By a person, who has the most first."""

    is_ranked = True

    def names(self) -> Statement:
        """Everybody, the disabled ones too."""
        return select(Employee.id, Employee.username, Employee.first_name, Employee.last_name).order_by(Employee.id)

    def values(self, asked: Asked, names: DataFrame | None, found: Collection[Any]) -> Iterator[Value]:
        """Those of whom there are records."""
        assert names is not None  # noqa: S101  # for the type checker alone
        for row in names.to_dict("records"):
            if row["id"] in found:
                name = written_name(row["first_name"] or "", row["last_name"] or "") or row["username"]
                yield Value(row["id"], name, {self.parameter: row["username"]})


@dataclass(frozen=True)
class ByScore(Grouping):
    """By a score of 5 to 1."""

    def values(self, asked: Asked, names: DataFrame | None, found: Collection[Any]) -> Iterator[Value]:
        """The best first."""
        return (Value(score, _points(score), {self.parameter: str(score)}) for score in SCORES)


def _points(score: int) -> str:
    return ngettext("%(num)d point", "%(num)d points", score)


@dataclass(frozen=True)
class ByChoice(Grouping):
    """By one of the product's own words."""

    options: Sequence[Choice] = ()

    may_be_none = False

    def values(self, asked: Asked, names: DataFrame | None, found: Collection[Any]) -> Iterator[Value]:
        """In the order in which they are declared."""
        return (Value(one, str(one.label), {self.parameter: one.value}) for one in self.options)
