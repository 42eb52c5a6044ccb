"""What a statement names: which walled tables, and whether in a way that the wall cannot narrow."""

from typing import Any

from sqlalchemy import Alias, Column, Select, Table, TableClause
from sqlalchemy.orm.context import FromStatement
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import TextClause


class Naming:
    """Which walled tables a statement names, and whether it names one otherwise than as a model.

    Text, a literal column, a statement put under a model by ``from_statement`` and a bare table (or an alias of
    one) are opaque: no condition can be added to them.
    """

    def __init__(self, statement: Any, walled: frozenset[Table]) -> None:
        self._walled = walled
        self.tables: set[Any] = set()
        self.is_opaque = isinstance(statement, FromStatement)
        self._entities: set[Any] = set()
        self._bare: set[Any] = set()
        for element in visitors.iterate(statement.element if self.is_opaque else statement):
            self._look(element)
        unnamed = self.tables - self._entities
        self.is_opaque = self.is_opaque or bool(unnamed or self._bare - self._entities)

    def _look(self, element: Any) -> None:
        annotations = getattr(element, "_annotations", {})
        if "parententity" in annotations:
            entity = annotations["parententity"]
            self._entities |= {entity.mapper.local_table, entity.selectable}
        is_literal = getattr(element, "is_literal", False) and " " in element.name
        if isinstance(element, TextClause) or is_literal:
            self._add_opaque()
        elif isinstance(element, TableClause):
            self._add_table(element)
        elif isinstance(element, Alias):
            self._add_alias(element)
        elif isinstance(element, Select):
            self._look_at_columns(element)

    def _add_opaque(self) -> None:
        self.tables |= self._walled
        self.is_opaque = True

    def _add_table(self, table: Any) -> None:
        known = next((one for one in self._walled if one.name == table.name), None)
        if known is not None:
            self.tables.add(known)
            self.is_opaque = self.is_opaque or not isinstance(table, Table)

    def _add_alias(self, alias: Any) -> None:
        if isinstance(alias.element, Table) and alias.element in self._walled:
            self._bare.add(alias)

    def _look_at_columns(self, select_: Any) -> None:
        """What a select fetches must be a model's: a bare column would bring its bare table with it."""
        for column in select_._raw_columns:
            if isinstance(column, Column) and column.table in self._walled:
                self.is_opaque = self.is_opaque or "parententity" not in column._annotations
