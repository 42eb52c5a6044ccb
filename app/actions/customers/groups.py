"""Groups of companies: which customer stands above which, never in a circle."""

from collections.abc import Sequence

from sqlalchemy import Select, literal, select
from sqlalchemy.orm import Session, aliased

from app.errors import Invalid
from app.i18n import Label, gettext
from app.models.customers import Customer
from app.security.granting import take_turns
from app.security.rights import CUSTOMERS
from app.security.scope import system

#: How many companies stand one above the other at most.
HIGHEST = 50


def check_parent(session: Session, customer: Customer, parent: Customer | None) -> None:
    """Raises Invalid where ``parent`` above ``customer`` would make a circle, or the group too high.

    Whoever changes groups takes turns from here until the transaction ends, so that of two who put two customers
    above each other one is refused.
    """
    if parent is None or parent.id == customer.parent_id:
        return
    take_turns(session, CUSTOMERS)
    with system(session, "a circle is one, also through companies out of sight"):
        above = session.scalars(_above(parent)).all()
    if customer.id in above:
        raise Invalid({"parent": _circle(session, customer, above[: above.index(customer.id) + 1])})
    if len(above) >= HIGHEST:
        raise Invalid({"parent": gettext("At most %(most)d companies can stand one above the other.", most=HIGHEST)})


def _above(customer: Customer) -> Select[int]:
    """The keys from ``customer`` upwards, at most ``HIGHEST``."""
    chain = (
        select(Customer.id, Customer.parent_id, literal(1).label("level"))
        .where(Customer.id == customer.id)
        .cte("chain", recursive=True)
    )
    higher = aliased(Customer)
    further = select(higher.id, higher.parent_id, chain.c.level + 1).join(chain, higher.id == chain.c.parent_id)
    chain = chain.union_all(further.where(chain.c.level < HIGHEST))
    return select(chain.c.id).order_by(chain.c.level)


def _circle(session: Session, customer: Customer, above: Sequence[int]) -> str:
    """Why not, with the companies from the wished parent up to ``customer``; those out of sight without a name."""
    if len(above) == 1:
        return str(Label("A company cannot stand above itself."))
    known = {row.id: row.name for row in session.scalars(select(Customer).where(Customer.id.in_(above)))}
    names = [known.get(key) or gettext("a company out of sight") for key in above]
    return gettext(
        "“%(name)s” stands above “%(parent)s” already: %(chain)s.",
        name=customer.name,
        parent=names[0],
        chain=" → ".join(names),
    )
