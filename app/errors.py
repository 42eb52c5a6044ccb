"""The business says no: refusals that carry a translated sentence saying what to do."""

from collections.abc import Mapping
from typing import TypeAlias

from app.i18n import Label, LazyString, Told

Sentence: TypeAlias = str | LazyString | Told


class DomainError(Exception):
    """A rule forbids what was asked. ``status`` is the HTTP answer the edge gives for it."""

    status = 409

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence

    def __str__(self) -> str:
        return str(self.sentence)


class Forbidden(DomainError):
    """The right, the write scope or the ``who`` of a move is missing; ``right`` is the key of a missing right."""

    status = 403

    def __init__(self, sentence: Sentence, *, right: str = "") -> None:
        super().__init__(sentence)
        self.right = right


class OutOfSight(DomainError):
    """The row of ``model`` with that ``key`` does not exist for this reader."""

    status = 404

    def __init__(self, model: type | None = None, key: int | None = None) -> None:
        super().__init__(Label("This record does not exist, or you may not see it."))
        self.model, self.key = model, key


class WrongState(DomainError):
    """The row's state does not allow it."""


class Stale(DomainError):
    """Somebody was faster; the sentence says who and when."""


class Invalid(DomainError):
    """A check failed. ``fields`` maps a field name to its reason."""

    status = 422

    def __init__(self, fields: Mapping[str, Sentence], sentence: Sentence | None = None) -> None:
        super().__init__(sentence or next(iter(fields.values())))
        self.fields = dict(fields)


class TooOften(DomainError):
    """Tried too often in a short time; the sentence says how long to wait."""

    status = 429
