"""The life of a churn case: warned, postponed again and again, confirmed, or recovered by an order."""

from app.actions.customers.life import is_manager
from app.actions.workflow import Move, Workflow
from app.i18n import Label
from app.models.churn import ChurnCase, ChurnStatus
from app.security.actor import Actor
from app.security.rights import CHURN, Verb

WARNED, POSTPONED = ChurnStatus.WARNED, ChurnStatus.POSTPONED
CONFIRMED, RECOVERED = ChurnStatus.CONFIRMED, ChurnStatus.RECOVERED
OPEN = (WARNED, POSTPONED)


def is_customers_manager(case: ChurnCase, by: Actor) -> bool:
    """Whether ``by`` is the account manager of the customer now."""
    return is_manager(case.customer, by)


def is_system(_case: ChurnCase, by: Actor) -> bool:
    """Whether nobody does it: it follows from an order."""
    return by.is_system


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
            is_ending=True,
            icon="user-x",
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
