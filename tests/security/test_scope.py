"""The wall around the rows: whoever sends a statement, it finds only what the reader sees."""

from datetime import date

import pytest
from sqlalchemy import column, delete, exists, func, insert, literal_column, select, table, text, update
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from app.clock import now
from app.errors import Forbidden, OutOfSight
from app.models import Contact, Customer, Employee, Interaction, Opportunity, PlanItem, StatusMove
from app.security.scope import ONE_BY_ONE, WallError, may_write, system, walled

OWN_ROW = "盐城风澜风电有限公司"


def names(session, statement):
    return set(session.scalars(statement))


def test_everybody_who_reads_all_sees_all(session_of):
    with session_of("manager_a") as (session, _):
        assert session.scalar(select(func.count(Opportunity.id))) == 7


STATEMENTS = {
    "entity": select(Opportunity),
    "column": select(Opportunity.customer_name),
    "alias": select(aliased(Opportunity)),
    "subquery": select(select(Opportunity.id).subquery()),
    "in": select(Employee.id).where(Employee.id.in_(select(Opportunity.created_by_id))),
    "union": select(Opportunity.id).union(select(Opportunity.id)),
    "cte": select(select(Opportunity.id).cte()),
    "child": select(PlanItem),
    "child by join": select(PlanItem.id).join(PlanItem.opportunity),
    "from clause": select(1).select_from(Opportunity),
}


@pytest.mark.parametrize("form", STATEMENTS)
def test_a_narrow_reader_finds_only_his_own(session_of, form):
    with session_of("narrow") as (session, _):
        assert len(session.execute(STATEMENTS[form]).all()) == 1


def test_a_count_is_of_what_is_seen(session_of):
    with session_of("narrow") as (session, _):
        assert session.scalar(select(func.count()).select_from(Opportunity)) == 1
        inner = select(Opportunity.id).limit(10).subquery()
        assert session.scalar(select(func.count()).select_from(inner)) == 1


def test_related_rows_are_walled_too(session_of, rows):
    with rows() as session:
        customer = session.scalars(select(Customer).where(Customer.name.startswith("泰州"))).one()
        row = session.scalars(select(Opportunity).where(Opportunity.customer_name == OWN_ROW)).one()
        row.customer = customer
    for option in (joinedload(Opportunity.customer), selectinload(Opportunity.customer), None):
        with session_of("narrow") as (session, _):
            statement = select(Opportunity).options(option) if option else select(Opportunity)
            row = session.scalars(statement).one()
            assert row.customer_id is not None
            assert row.customer is None


def test_get_finds_nothing_out_of_sight(session_of, rows):
    with rows() as session:
        foreign = session.scalar(select(Opportunity.id).where(Opportunity.customer_name.startswith("温州")))
    with session_of("narrow") as (session, _):
        assert session.get(Opportunity, foreign) is None


def test_moves_are_seen_with_their_record(session_of):
    with session_of("narrow") as (session, _):
        assert session.scalar(select(func.count(StatusMove.id))) == 1  # of an opportunity
    with session_of("manager_a") as (session, _):
        assert session.scalar(select(func.count(StatusMove.id))) == 7 + 8 + 3


@pytest.mark.parametrize("who", ["manager_a", "narrow", "head_a", "nobody"])
def test_a_statement_about_one_record_finds_what_any_other_finds(session_of, rows, who):
    with rows() as session:
        customers = session.scalars(select(Customer).order_by(Customer.id)).all()
        for day, customer in enumerate(customers):
            session.add(Interaction(customer=customer, happened_on=date(2026, 3, 1 + day), place="北京", summary="谈"))
    with session_of(who) as (session, _):
        for model in (one for one in walled() if hasattr(one, "id")):
            for statement in (select(model.id), select(aliased(model).id)):
                plain = names(session, statement)
                assert set(session.scalars(statement, execution_options=ONE_BY_ONE)) == plain, model
        joined = select(PlanItem).join(PlanItem.opportunity).options(joinedload(PlanItem.opportunity))
        found = session.scalars(joined, execution_options=ONE_BY_ONE).all()
        assert set(found) == names(session, joined)
        assert all(item.opportunity is not None for item in found)


def test_a_department_head_sees_his_department(session_of):
    with session_of("head_a") as (session, _):
        seen = names(session, select(Opportunity.customer_name))
    assert seen == {"金华稷禾农机有限公司", "绍兴织野纺织机械有限公司", OWN_ROW}


CLOSED_FORMS = {
    "table": lambda: select(Opportunity.__table__),
    "table in a subquery": lambda: select(Employee.id).where(exists(select(Opportunity.__table__.c.id))),
    "text": lambda: text("SELECT * FROM opportunities"),
    "text within": lambda: select(Employee.id).where(text("id IN (SELECT assignee_id FROM opportunities)")),
    "bulk update": lambda: update(Opportunity).values(probability=1),
    "bulk delete": lambda: delete(PlanItem),
    "bulk update of history": lambda: update(StatusMove).values(reason="x"),
    "alias of a table": lambda: select(Opportunity.id, Opportunity.__table__.alias("x").c.summary),
    "bare columns beside a model": lambda: select(Opportunity.id).where(exists(select(Opportunity.__table__.c.id))),
    "a table by name": lambda: select(column("summary")).select_from(table("opportunities")),
    "a literal column": lambda: select(literal_column("(SELECT max(summary) FROM opportunities)")),
    "from statement": lambda: select(Opportunity).from_statement(select(Opportunity.__table__)),
    "insert": lambda: insert(Contact).values(customer_id=1, name="x"),
}


@pytest.mark.parametrize("form", CLOSED_FORMS)
def test_a_statement_the_wall_cannot_narrow_is_refused(session_of, form):
    with session_of("manager_a") as (session, _), pytest.raises(WallError):
        session.execute(CLOSED_FORMS[form]())


def test_a_session_that_works_for_nobody_reaches_nothing(app):
    with app.app_context():
        from app.extensions import db

        with pytest.raises(WallError):
            db.session.scalars(select(Opportunity))
        with Session(db.engine) as plain, pytest.raises(WallError):
            plain.scalars(select(Customer))


def test_the_system_sees_everything_inside_its_block_only(session_of):
    with session_of("narrow") as (session, _):
        with system(session, "a test"):
            assert session.scalar(select(func.count(Opportunity.id))) == 7
        assert session.scalar(select(func.count(Opportunity.id))) == 1


# ---- writing ------------------------------------------------------------------------------------------


def row_named(session, start):
    return session.scalars(select(Opportunity).where(Opportunity.customer_name.startswith(start))).one()


def test_a_foreign_row_cannot_be_written(session_of):
    with session_of("manager_a") as (session, _):
        row_named(session, "温州").summary = "改"
        with pytest.raises(Forbidden):
            session.flush()


def test_an_own_row_can(session_of):
    with session_of("manager_a") as (session, _):
        row_named(session, "绍兴").summary = "改"
        session.flush()


def test_an_unassigned_row_is_open_to_who_sees_it(session_of):
    with session_of("manager_a") as (session, _):
        row_named(session, "扬州").summary = "改"
        session.flush()


def test_a_foreign_row_cannot_be_taken_by_writing_oneself_into_it(session_of):
    with session_of("manager_a") as (session, actor):
        row_named(session, "温州").assignee_id = actor.person_id
        with pytest.raises(Forbidden):
            session.flush()


def test_an_own_row_cannot_be_given_away_by_writing(session_of):
    with session_of("manager_a") as (session, _):
        other = session.scalars(select(Employee).where(Employee.username == "manager_b")).one()
        row_named(session, "绍兴").assignee = other
        with pytest.raises(Forbidden):
            session.flush()


def test_a_child_is_written_as_its_parent(session_of):
    with session_of("manager_a") as (session, _):
        theirs = session.scalars(select(PlanItem).where(PlanItem.opportunity == row_named(session, "温州"))).one()
        assert not may_write(session, theirs)
        theirs.todo = "改"
        with pytest.raises(Forbidden):
            session.flush()


def test_a_foreign_child_cannot_be_deleted_or_moved(session_of):
    with session_of("manager_a") as (session, _):
        theirs = session.scalars(select(PlanItem).where(PlanItem.opportunity == row_named(session, "温州"))).one()
        session.delete(theirs)
        with pytest.raises(Forbidden):
            session.flush()
        session.rollback()
    with session_of("manager_a") as (session, _):
        mine, theirs = row_named(session, "绍兴"), row_named(session, "温州")
        item = session.scalars(select(PlanItem).where(PlanItem.opportunity == theirs)).one()
        item.opportunity = mine
        with pytest.raises(Forbidden):
            session.flush()


def test_a_supervisor_writes_within_his_departments(session_of):
    with session_of("head_a") as (session, _):
        row_named(session, "绍兴").summary = "改"
        session.flush()


def test_a_link_to_a_row_out_of_sight_is_refused(session_of, rows):
    with rows() as session:
        hidden = session.scalar(select(Customer.id).where(Customer.name.startswith("泰州")))
    with session_of("narrow") as (session, _):
        row_named(session, "盐城").customer_id = hidden
        with pytest.raises(OutOfSight):
            session.flush()


def test_history_is_only_added_to(session_of, rows):
    with session_of("manager_a") as (session, _):
        move = session.scalars(select(StatusMove)).first()
        move.reason = "改"
        with pytest.raises(Forbidden):
            session.flush()
        session.rollback()
    with session_of("manager_a") as (session, _):
        session.delete(session.scalars(select(StatusMove)).first())
        with pytest.raises(Forbidden):
            session.flush()
        session.rollback()
    with session_of("narrow") as (session, _):
        session.add(StatusMove(kind="opportunities", row_id=1, move="x", after="failed", at=now()))
        with pytest.raises(Forbidden):
            session.flush()


def test_who_and_when_are_written_by_the_session(session_of):
    with session_of("manager_a") as (session, actor):
        row = row_named(session, "绍兴")
        version = row.version
        row.summary = "改"
        session.flush()
        assert (row.changed_by_id, row.version) == (actor.person_id, version + 1)
