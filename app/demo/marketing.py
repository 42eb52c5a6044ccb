"""The rows of opportunities, their plan items and the history of their moves."""

from collections.abc import Iterable

from app.demo.bulk import Row
from app.demo.courses import ASSIGNED, SUCCEEDED, UNASSIGNED, Course
from app.demo.dice import Dice
from app.demo.org import Seller
from app.demo.plans import Item, items
from app.demo.stories import PLAN, Story, description, story, summary
from app.demo.vocabulary import phrases
from app.demo.world import World
from app.models.history import StatusMove
from app.models.marketing import Opportunity, PlanItem
from app.models.names import name_key


class OpportunityWriter:
    """Writes opportunities with all that belongs to them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._workdays = world.workdays
        self._supervisor = world.team.supervisor

    def write(self, course: Course, *, customer_id: int | None, is_due_today: bool) -> None:
        """One opportunity, its moves and its plan."""
        told = story(self._world.seed, course, self._workdays)
        dice = Dice(self._world.seed, PLAN, course.row)
        reason = told.say(dice.pick(told.failure.reasons)) if told.failure else None
        key = self._world.keys[Opportunity].next()
        row = self._marks(course) | self._facts(dice, told) | {"id": key, "customer_id": customer_id}
        self._world.bulk.add(Opportunity, row | {"close_reason": reason})
        for move in self._moves(dice, course, key, reason=reason):
            self._world.bulk.add(StatusMove, {"id": self._world.keys[StatusMove].next(), **move})
        if course.status is not UNASSIGNED:
            self._write_plan(items(dice, told, self._workdays, is_due_today=is_due_today), course, key)

    def _facts(self, dice: Dice, told: Story) -> Row:
        course, phone = told.course, told.contact.phone if told.contact else None
        company = course.company
        return {
            "source": told.source,
            "customer_name": company.name,
            "name_key": name_key(company.name),
            "probability": told.probability,
            "summary": summary(dice, told),
            "description": description(dice, told),
            "contact_name": told.contact.name if told.contact else None,
            "contact_phone": phone.text if phone else None,
            "phone_key": phone.key if phone else None,
            "region_id": self._world.entries.regions[company.city.region],
            "industry_id": self._world.entries.industries[company.trade.group.industry],
            "expected_amount": told.amount if told.is_estimated else None,
            "expected_close_on": told.closing if told.is_estimated else None,
            "external_id": None,
        }

    def _marks(self, course: Course) -> Row:
        moment = self._workdays.moment
        reassigned = course.first_assigned != course.assigned
        changes = (course.assigned is not None) + reassigned + (course.closed is not None)
        return {
            "status": course.status,
            "assignee_id": course.seller.key if course.seller else None,
            "assigned_on": moment(course.assigned) if course.assigned is not None else None,
            "closed_on": moment(course.closed) if course.closed is not None else None,
            "created_on": moment(course.created),
            "created_by_id": course.created_by,
            "changed_on": moment(course.last_change),
            "changed_by_id": self._changed_by(course),
            "version": 1 + changes,
        }

    def _changed_by(self, course: Course) -> int:
        if course.status is UNASSIGNED:
            return course.created_by
        return self._supervisor if course.status is ASSIGNED or not course.seller else course.seller.key

    # ---- history ------------------------------------------------------------------------------------

    def _moves(self, dice: Dice, course: Course, key: int, *, reason: str | None) -> Iterable[Row]:
        yield self._move(course, key, "create", course.created, by=course.created_by)
        if course.first_assigned is None or course.first_seller is None or course.seller is None:
            return
        yield self._given(course, key, "assign", course.first_assigned, to=course.first_seller)
        if course.assigned is not None and course.assigned != course.first_assigned:
            why = dice.pick(phrases().reassignments)
            move = self._given(course, key, "reassign", course.assigned, to=course.seller)
            yield move | {"before": ASSIGNED, "reason": why}
        if course.closed is not None:
            verb = "succeed" if course.status is SUCCEEDED else "fail"
            move = self._move(course, key, verb, course.closed, by=course.seller.key)
            yield move | {"before": ASSIGNED, "after": course.status, "reason": reason}

    def _given(self, course: Course, key: int, verb: str, point: float, *, to: Seller) -> Row:
        move = self._move(course, key, verb, point, by=self._supervisor)
        return move | {"before": UNASSIGNED, "after": ASSIGNED, "note": to.full_name}

    def _move(self, course: Course, key: int, verb: str, point: float, *, by: int) -> Row:
        return {
            "kind": Opportunity.__tablename__,
            "row_id": key,
            "move": verb,
            "before": None,
            "after": UNASSIGNED,
            "by_id": by,
            "at": self._workdays.moment(point),
            "reason": None,
            "note": None,
        }

    # ---- plan ---------------------------------------------------------------------------------------

    def _write_plan(self, plan: list[Item], course: Course, key: int) -> None:
        if course.seller is None:
            raise ValueError("only an assigned opportunity has a plan")
        for item in plan:
            by = self._supervisor if item.step.is_by_supervisor else course.seller.key
            self._world.bulk.add(PlanItem, self._plan_row(item, key, by=by, seller=course.seller.key))

    def _plan_row(self, item: Item, opportunity_id: int, *, by: int, seller: int) -> Row:
        moment = self._workdays.moment
        done = moment(item.done) if item.done is not None else None
        return {
            "id": self._world.keys[PlanItem].next(),
            "opportunity_id": opportunity_id,
            "planned_on": item.planned,
            "todo": item.step.todo,
            "result": item.step.result if done else None,
            "done_on": done,
            "created_on": moment(item.created),
            "created_by_id": by,
            "changed_on": done or moment(item.created),
            "changed_by_id": seller if done else by,
            "version": 2 if done else 1,
        }
