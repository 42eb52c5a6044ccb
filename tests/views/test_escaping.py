"""Whatever stands in a record is shown as text in a list, its attributes included."""

from sqlalchemy import select

from app.models import Opportunity

NASTY = 'A" onfocus="alert(1)" x="<1 & co'


def test_a_name_cannot_leave_its_attribute(as_, rows):
    with rows() as session:
        session.scalars(
            select(Opportunity).where(Opportunity.customer_name.startswith("苏州"))
        ).one().customer_name = NASTY
    body = as_("supervisor").get("/opportunities/list/").get_data(as_text=True)
    assert 'onfocus="alert' not in body
    assert "A&#34; onfocus=&#34;alert(1)&#34;" in body
