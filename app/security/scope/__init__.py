"""The wall around the rows: which a session's actor sees, and which he may write.

It stands in the session. ``do_orm_execute`` narrows every statement on a walled model to what the actor
sees; ``before_flush`` refuses a write outside his scope and a link to a row he does not see. A session that
works for nobody reaches no walled row at all.

A root model carries ``scope_module`` and ``responsible_id`` (and ``is_common`` where everybody who sees a row may
write it); a child names the relationship it is seen through in ``seen_through``. A row of a model that ``is_personal``
is its person's alone, however far anybody else reaches; where the model names a right in ``seen_by_all_with``, who
holds that sees the rows of all.

What ``is_copied`` from the sales system is written inside ``copying`` alone, and a dictionary entry that is not
editable not at all; this holds for the system too.

A root model that names its ``deleted_state`` has rows that are kept but gone: nobody but the system sees them, nor what
is seen through them, until a page asks for them aloud by ``show_deleted``.
"""

from sqlalchemy import event
from sqlalchemy.orm import Session

from app.security.scope.fixed import copying, refuse_fixed_in_bulk
from app.security.scope.models import children, personal, roots, walled, walled_tables
from app.security.scope.reading import ONE_BY_ONE, SUMMED, Way, narrow, sees
from app.security.scope.working import WATCHED, WallError, actor_of, show_deleted, system, working_as
from app.security.scope.writing import guard, handing_over, may_hold, may_write

__all__ = [
    "ONE_BY_ONE",
    "SUMMED",
    "WATCHED",
    "WallError",
    "Way",
    "actor_of",
    "children",
    "copying",
    "handing_over",
    "may_hold",
    "may_write",
    "personal",
    "raise_wall",
    "roots",
    "sees",
    "show_deleted",
    "system",
    "walled",
    "walled_tables",
    "working_as",
]


def raise_wall(session_class: type[Session]) -> None:
    """Put the wall into every session of ``session_class``."""
    event.listen(session_class, "do_orm_execute", narrow)
    event.listen(session_class, "do_orm_execute", refuse_fixed_in_bulk)
    event.listen(session_class, "before_flush", guard)
