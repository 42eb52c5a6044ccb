"""For whom a session works, and the blocks in which it works for somebody else."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

from sqlalchemy.orm import Session

from app.i18n import Label
from app.security.actor import SYSTEM, Actor

#: Why nothing is written for who looks through somebody's eyes.
WATCHED = Label("You are looking through somebody else's eyes: nothing can be changed.")


class WallError(RuntimeError):
    """A defect: a statement on walled rows for nobody, or in a form the wall cannot narrow."""


def actor_of(session: Session) -> Actor | None:
    """Who the session works for."""
    return session.info.get("actor")


@contextmanager
def working_as(session: Session, actor: Actor) -> Iterator[Session]:
    """The session works for ``actor`` inside the block."""
    before = session.info.get("actor")
    session.info["actor"] = actor
    try:
        yield session
    finally:
        session.info["actor"] = before


def show_deleted(session: Session) -> None:
    """From here on the session sees deleted rows too, and what is seen through them, within its actor's scope."""
    session.info["shows_deleted"] = True


def shows_deleted(session: Session) -> bool:
    """Whether the session sees deleted rows."""
    return bool(session.info.get("shows_deleted"))


def system(session: Session, why: str) -> AbstractContextManager[Session]:
    """A block in which the session sees and writes every row, still in the name of its person.

    ``why`` says aloud, where the block begins, what the wall is opened for.
    """
    if not why:
        raise WallError("the wall is opened without a reason")
    actor = actor_of(session)
    opened = replace(SYSTEM, person_id=actor.person_id, is_watched=actor.is_watched) if actor else SYSTEM
    return working_as(session, opened)
