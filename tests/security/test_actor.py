"""Who acts, as the next request finds him: the rights and reaches of the database as of now."""

from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import select

from app.models.org import Employee
from app.security.actor import Person, load_actor
from app.security.rights import OPPORTUNITIES, Verb


def find(session, username):
    return session.scalars(select(Employee).where(Employee.username == username)).one()


def test_a_role_without_rights_gives_none_and_is_still_named(rows):
    with rows() as session:
        person = find(session, "manager_a")
        person.roles = [Role(name="Bare")]
        session.flush()
        actor = load_actor(session, person)
        assert (actor.rights, actor.roles, dict(actor.reads)) == (frozenset(), ("Bare",), {})
        assert not actor.may(OPPORTUNITIES.right(Verb.SEE))


def test_who_has_no_role_may_nothing(rows):
    with rows() as session:
        person = find(session, "manager_a")
        person.roles = []
        session.flush()
        actor = load_actor(session, person)
        assert (actor.rights, actor.roles) == (frozenset(), ())


def test_several_roles_give_the_rights_of_all(rows):
    with rows() as session:
        person = find(session, "manager_a")
        own = load_actor(session, person)
        person.roles = [*person.roles, *find(session, "head_a").roles]
        session.flush()
        both = load_actor(session, person)
        assert both.rights == own.rights | load_actor(session, find(session, "head_a")).rights
        assert len(both.roles) == 2


def test_a_person_is_called_as_his_record_says():
    for first, last in (("伟", "张"), ("Ada", "Lovelace"), ("", "")):
        person = Person(1, "zw", first, last, True, None, None, None, False)  # in the order of the columns
        assert person.full_name == Employee(username="zw", first_name=first, last_name=last).full_name
