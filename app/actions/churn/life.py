"""The life of a churn case: warned, postponed again and again, confirmed, or recovered by an order."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.actions.customers.life import LIFE, is_manager
from app.actions.workflow import Move, Workflow
from app.errors import Invalid
from app.i18n import Label, gettext
from app.models.basedata import DictionaryEntry
from app.models.churn import ChurnCase, ChurnMeasure, ChurnStatus
from app.security.actor import Actor
from app.security.rights import CHURN, Verb

WARNED, POSTPONED = ChurnStatus.WARNED, ChurnStatus.POSTPONED
CONFIRMED, RECOVERED = ChurnStatus.CONFIRMED, ChurnStatus.RECOVERED
OPEN = (WARNED, POSTPONED)
#: So many characters all measures of a case have together at most.
MOST_LETTERS = 4_000


def is_customers_manager(case: ChurnCase, by: Actor) -> bool:
    """Whether ``by`` is the account manager of the customer now."""
    return is_manager(case.customer, by)


def is_system(_case: ChurnCase, by: Actor) -> bool:
    """Whether nobody does it: it follows from an order."""
    return by.is_system


def letters_left(session: Session, case: ChurnCase) -> int:
    """How many characters further measures of the case may have."""
    used = select(func.sum(func.length(ChurnMeasure.text))).where(ChurnMeasure.case_id == case.id)
    return MOST_LETTERS - (session.scalar(used) or 0)


def postpone(session: Session, case: ChurnCase, *, by: Actor, at: datetime, measure: str) -> None:
    """Append a measure; those before it stay as they are."""
    left = letters_left(session, case)
    if len(measure) > left:
        sentence = gettext(
            "All measures of a case have %(most)s characters together at most: "
            "%(left)s are left, this one has %(count)s.",
            most=f"{MOST_LETTERS:,}",
            left=f"{left:,}",
            count=f"{len(measure):,}",
        )
        raise Invalid({"measure": sentence})
    session.add(ChurnMeasure(case=case, text=measure, created_on=at))
    case.changed_on = at  # so that two who postpone a postponed case at once are told of each other


def confirm(
    session: Session,
    case: ChurnCase,
    *,
    by: Actor,
    at: datetime,
    churn_reason: str,
    reason_kind: DictionaryEntry | None = None,
) -> None:
    """Keep the reason; the customer is lost with it."""
    customer = case.customer
    # Whoever edits or transfers the customer at this moment goes first.
    session.refresh(customer, ["status", "manager_id", "version"], with_for_update={"key_share": True})
    LIFE.fire(session, customer, "lose", by=by, at=at)
    case.reason, case.reason_kind, case.confirmed_on = churn_reason, reason_kind, at


CASES = Workflow(
    ChurnCase,
    moves=(
        Move(
            "postpone",
            OPEN,
            POSTPONED,
            label=Label("Postpone churn"),
            done=Label("Postponed."),
            right=CHURN.right(Verb.POSTPONE),
            who=is_customers_manager,
            asks=("measure",),
            does=postpone,
            icon="clock",
        ),
        Move(
            "confirm",
            OPEN,
            CONFIRMED,
            label=Label("Confirm churn"),
            done=Label("Churn confirmed."),
            right=CHURN.right(Verb.CONFIRM),
            who=is_customers_manager,
            asks=("reason_kind", "churn_reason"),
            does=confirm,
            is_ending=True,
            icon="trending-down",
        ),
        Move(
            "recover",
            OPEN,
            RECOVERED,
            label=Label("Recover"),
            done=Label("Recovered."),
            right=CHURN.right(Verb.SCAN),
            who=is_system,
            icon="arrow-back-up",
        ),
    ),
    steps=((WARNED,), (POSTPONED,), (CONFIRMED, RECOVERED)),
)
