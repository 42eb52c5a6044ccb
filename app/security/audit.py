"""What happened goes into the audit log, in the transaction in which it happened."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.clock import now
from app.models.audit import AuditEntry, AuditKind

#: The longest name and reason that an entry keeps.
LONGEST_NAME = 200
LONGEST_REASON = 500


@dataclass(frozen=True)
class Origin:
    """From where a session works: the person's user name, the network address and the request."""

    person_id: int | None = None
    person_name: str = ""
    address: str = ""
    request_id: str = ""


NOWHERE = Origin()


def note(
    session: Session,
    kind: AuditKind,
    *,
    about: Any = None,
    changes: Mapping[str, Any] | None = None,
    reason: str = "",
    origin: Origin | None = None,
) -> None:
    """Add one entry; ``about`` is the record, ``changes`` its fields as ``[old, new]``. Flushed with the session.

    ``origin`` is the session's own unless given, as for a sign-in, which has no person yet.
    """
    where = origin or session.info.get("origin", NOWHERE)
    entry = {
        "at": now(),
        "kind": kind,
        "person_id": where.person_id,
        "person_name": where.person_name[:64],
        "address": where.address[:45],
        "request_id": where.request_id,
        "table_name": None if about is None else about.__tablename__,
        "row_id": None if about is None else about.id,
        "row_name": "" if about is None else str(about)[:LONGEST_NAME],
        "changes": json.dumps(changes or {}, ensure_ascii=False, sort_keys=True, default=str),
        "reason": reason[:LONGEST_REASON],
    }
    session.execute(insert(AuditEntry), [entry])
