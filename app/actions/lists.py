"""How a person looks at a list: the columns, the rows on a page, and saved filters that a department may share."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, joinedload

from app.errors import Forbidden, Invalid, OutOfSight, WrongState
from app.i18n import Label
from app.models.lists import ListView
from app.models.org import Employee
from app.security.actor import Actor

#: The most saved filters that one person keeps for one list.
MOST_SAVED = 20
LONGEST_NAME = 50


def views_of(session: Session, screen: str, *, by: Actor) -> Sequence[ListView]:
    """The person's look at a list, his saved filters and those his department shares, in one statement."""
    return session.scalars(_all_seen(), {"screen": screen, "person": by.person_id}).all()


@cache
def _all_seen() -> Select[ListView]:
    """Made once, since every list asks it."""
    return _seen(bindparam("screen"), bindparam("person")).options(joinedload(ListView.owner)).order_by(ListView.id)


def _seen(screen: Any, person: Any) -> Select[ListView]:
    department = select(Employee.department_id).where(Employee.id == person).scalar_subquery()
    is_seen = or_(ListView.owner_id == person, ListView.department_id == department)
    return select(ListView).where(ListView.screen == screen, is_seen)


def saved_filter(session: Session, screen: str, key: int, *, by: Actor) -> ListView:
    """A saved filter that ``by`` may use; raises OutOfSight."""
    found = session.scalars(_seen(screen, by.person_id).where(ListView.id == key, ListView.name != "")).one_or_none()
    if found is None:
        raise OutOfSight()
    return found


def own_filter(session: Session, screen: str, key: int, *, by: Actor) -> ListView:
    """A saved filter that ``by`` may change; raises OutOfSight, and Forbidden for one that is only shared with him."""
    found = saved_filter(session, screen, key, by=by)
    _must_own(found, by)
    return found


def _must_own(saved: ListView, by: Actor) -> None:
    if saved.owner_id != by.person_id:
        raise Forbidden(Label("Only who saved this filter may change it."))


def save_filter(
    session: Session,
    screen: str,
    name: str,
    *,
    by: Actor,
    conditions: Mapping[str, str],
    sort: str,
    replaces: bool = False,
) -> ListView:
    """Keep conditions and order under a name; one's own filter of that name is overwritten only with ``replaces``.

    Flushes. Raises Invalid for a name that does not fit or is taken, and WrongState when there are too many.
    """
    _check_name(name)
    saved = _own_named(session, screen, name, by)
    if saved is not None and not replaces:
        raise Invalid({"name": Label("You have a saved filter of this name. Save again to replace it.")})
    if saved is None:
        _check_room(session, screen, by)
        saved = ListView(owner_id=by.person_id, screen=screen, name=name)
        session.add(saved)
    saved.conditions, saved.sort = dict(conditions), sort
    session.flush()
    return saved


def rename_filter(session: Session, saved: ListView, name: str, *, by: Actor) -> None:
    """Give one's own filter another name; flushes. Raises Invalid for a name that does not fit or is taken."""
    _must_own(saved, by)
    _check_name(name)
    other = _own_named(session, saved.screen, name, by)
    if other is not None and other is not saved:
        raise Invalid({"name": Label("You have another saved filter of this name.")})
    saved.name = name
    session.flush()


def share_filter(session: Session, saved: ListView, *, by: Actor, is_shared: bool) -> None:
    """Show one's own filter to one's department, or to nobody else; raises WrongState for who has no department.

    One that is shared already stays with the department it was shared with.
    """
    _must_own(saved, by)
    if not is_shared:
        saved.department_id = None
    elif saved.department_id is None:
        saved.department_id = session.scalar(select(Employee.department_id).where(Employee.id == by.person_id))
        if saved.department_id is None:
            raise WrongState(Label("You belong to no department with which this could be shared."))
    session.flush()


def delete_filter(session: Session, saved: ListView, *, by: Actor) -> None:
    """Remove one's own filter; lists that opened with it open as the screen does."""
    _must_own(saved, by)
    session.delete(saved)
    session.flush()


def open_with(session: Session, screen: str, saved: ListView | None, *, by: Actor) -> None:
    """Let the list open with a saved filter, or with None as the screen does."""
    _look(session, screen, by).opens_with_id = saved.id if saved is not None else None
    session.flush()


def choose_columns(session: Session, screen: str, names: Sequence[str], *, by: Actor) -> None:
    """Keep which columns the list shows, in this order; none for those of the screen."""
    _look(session, screen, by).columns = list(names)
    session.flush()


def choose_page_size(session: Session, screen: str, size: int, *, by: Actor) -> None:
    """Keep how many rows a page of the list has."""
    _look(session, screen, by).page_size = size
    session.flush()


def _look(session: Session, screen: str, by: Actor) -> ListView:
    """The person's look at the list, made when there is none, also when two ask for it at once."""
    key = {"owner_id": by.person_id, "screen": screen, "name": ""}
    insert = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert
    session.execute(insert(ListView).values(**key).on_conflict_do_nothing(index_elements=list(key)))
    return session.scalars(select(ListView).filter_by(**key)).one()


def _own(screen: str, by: Actor) -> Select[ListView]:
    return select(ListView).where(ListView.owner_id == by.person_id, ListView.screen == screen, ListView.name != "")


def _own_named(session: Session, screen: str, name: str, by: Actor) -> ListView | None:
    return session.scalar(_own(screen, by).where(ListView.name == name))


def _check_name(name: str) -> None:
    if not name.strip() or len(name) > LONGEST_NAME:
        raise Invalid({"name": Label("A name has 1 to 50 characters.")})


def _check_room(session: Session, screen: str, by: Actor) -> None:
    if (session.scalar(select(func.count()).select_from(_own(screen, by).subquery())) or 0) >= MOST_SAVED:
        raise WrongState(Label("You have 20 saved filters for this list. Delete one that you no longer need first."))
