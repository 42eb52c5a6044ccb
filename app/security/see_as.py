"""Looking through somebody's eyes: whom an administrator may see as, and what he sees then."""

from dataclasses import replace

from sqlalchemy.orm import Session

from app.models.org import Employee, Reach
from app.security.actor import Actor, load_actor
from app.security.rights import USERS, Verb
from app.security.roles import scope_modules


def seen_through(session: Session, watcher: Actor, person_id: int) -> tuple[Employee, Actor] | None:
    """The person and his actor, who is watched and changes nothing; None when ``watcher`` may not see as him.

    Nobody sees as one who may do or see what he himself may not.
    """
    person = session.get(Employee, person_id)
    if person is None or not person.active or person.id == watcher.person_id or not watcher.may(SEE_AS):
        return None
    seen = load_actor(session, person)
    sees_everything = all(watcher.read_reach(module) is Reach.ALL for module in scope_modules())
    return (person, replace(seen, is_watched=True)) if seen.rights <= watcher.rights and sees_everything else None


SEE_AS = USERS.right(Verb.SEE_AS)
