"""The plan items of an opportunity: what was planned for which day, and what came of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from app.demo.courses import SUCCEEDED
from app.demo.dice import Dice
from app.demo.stories import NEGOTIATION, SIGNING, SURVEY, TRIAL, Story
from app.demo.vocabulary import Phrases, phrases
from app.demo.workdays import Workdays

SHARE_BY_SUPERVISOR, SHARE_LATE, SHARE_OVERDUE = 0.06, 0.15, 0.35
SHARE_PLANNED_AHEAD, SHARE_UNPLANNED = 0.3, 0.5
#: In workdays.
MOMENT = 0.01
JUST_ASSIGNED = 2
LEAST_PAUSE = 2.2
#: Above one, early steps come closer together than late ones.
SLOWING = 1.3
RECENT = 10
USUAL_PAUSE = 14


@dataclass(frozen=True, slots=True)
class Step:
    """A line of the script: what to do and what comes of it, known after ``takes`` workdays."""

    todo: str
    result: str
    takes: int = 0
    is_by_supervisor: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """A plan item; ``done`` is a point or None."""

    planned: date
    step: Step
    created: float
    done: float | None


def items(dice: Dice, told: Story, workdays: Workdays, *, is_due_today: bool) -> list[Item]:
    """The plan of an opportunity in development or closed."""
    course = told.course
    if course.closed is not None:
        return list(_carried_out(dice, told, _whole_script(dice, told), workdays=workdays))
    is_new = workdays.end - course.begun < JUST_ASSIGNED
    if is_new and not is_due_today and dice.chance(SHARE_UNPLANNED):
        return []
    script = _stalled_script(dice, told) if course.is_stalled else _open_script(dice, told)
    done = list(_carried_out(dice, told, script, workdays=workdays))
    return _with_open_end(dice, told, done, script=script, workdays=workdays, is_due_today=is_due_today)


# ---- the script ---------------------------------------------------------------------------------------


def _whole_script(dice: Dice, told: Story) -> list[Step]:
    steps = _open_script(dice, told)
    if told.course.status is SUCCEEDED:
        return steps
    if told.failure is None:
        raise ValueError("a failed opportunity needs its failure")
    reached = sum(phase < NEGOTIATION for phase in told.phases)
    kept = dice.whole(told.failure.earliest, reached)
    return [*steps[:kept], Step(told.say(told.failure.todo), told.say(told.failure.last))]


def _open_script(dice: Dice, told: Story) -> list[Step]:
    return [_step(dice, told, phase) for phase in told.phases]


def _stalled_script(dice: Dice, told: Story) -> list[Step]:
    words = phrases()
    begun = [_step(dice, told, phase) for phase in told.phases[: dice.whole(2, 3)]]
    stalls = dice.sample(words.stalled, dice.whole(1, len(words.stalled)))
    return begun + [Step(told.say(dice.pick(words.following)), told.say(stall)) for stall in stalls]


def _step(dice: Dice, told: Story, phase: int) -> Step:
    words, scene = phrases(), told.scene
    if phase == TRIAL:
        return Step(told.say(scene.trial), told.say(dice.pick(scene.trial_done)), takes=scene.trial_days)
    stage = words.stages[phase]
    is_by_supervisor = phase == NEGOTIATION and dice.chance(SHARE_BY_SUPERVISOR)
    todo = dice.pick(words.by_supervisor if is_by_supervisor else stage.todo)
    results = _results(told, phase, words)
    return Step(told.say(todo), told.say(dice.pick(results)), is_by_supervisor=is_by_supervisor)


def _results(told: Story, phase: int, words: Phrases) -> tuple[str, ...]:
    if phase == SURVEY:
        return told.scene.found
    if phase == SIGNING and NEGOTIATION not in told.phases:
        return words.quick_close
    return words.stages[phase].done


# ---- when -----------------------------------------------------------------------------------------------


def _carried_out(dice: Dice, told: Story, script: list[Step], *, workdays: Workdays) -> Iterator[Item]:
    """The steps whose result is known by now."""
    course = told.course
    limit = workdays.end if course.closed is None else course.closed
    points = _points(dice, told, script)
    ready = course.begun + dice.between(MOMENT, 0.3)
    for place, step in enumerate(script):
        planned = max(points[place], ready + MOMENT)
        is_last = course.closed is not None and place == len(script) - 1
        done = limit - MOMENT if is_last else _done(dice, planned, step, before=[*points, limit][place + 1])
        if done >= limit:
            return
        yield Item(workdays.date(min(planned, done)), step, ready, done)
        ready = done + MOMENT / 2 if place else ready


def _points(dice: Dice, told: Story, script: list[Step]) -> list[float]:
    """When each step is due: early ones close together, with time for a trial, the last one at the end."""
    begun, span = told.course.begun, told.course.duration
    in_all = max(len(script), len(told.phases))
    active = span - sum(step.takes for step in script)
    points, waited = [begun + dice.between(0.3, 2)], 0.0
    for place, step in enumerate(script[1:-1], start=1):
        share = (place + dice.between(0.45, 0.85)) / in_all
        points.append(begun + waited + max(active * share**SLOWING, place * LEAST_PAUSE))
        waited += step.takes
    return [*points, begun + span - dice.between(0.05, 0.4)]


def _done(dice: Dice, planned: float, step: Step, *, before: float) -> float:
    late = step.takes + (1 if dice.chance(SHARE_LATE) else 0) + dice.between(0.02, 0.3)
    return max(min(planned + late, before - MOMENT), planned + MOMENT)


# ---- what is still to do --------------------------------------------------------------------------------


def _with_open_end(
    dice: Dice, told: Story, done: list[Item], *, script: list[Step], workdays: Workdays, is_due_today: bool
) -> list[Item]:
    """What is done, and the next step: overdue, due today or later, at times with the one after it."""
    end = workdays.end
    ready = min((done[-1].done or 0) + MOMENT, end - MOMENT / 2) if done else (told.course.begun + end) / 2
    if done and not is_due_today and end - ready < RECENT and dice.chance(SHARE_OVERDUE):
        late = done.pop()
        return [*done, Item(late.planned, late.step, late.created, None)]
    following = Step(told.say(dice.pick(phrases().following)), "")
    coming = script[len(done) : len(done) + 2] or [following]
    is_forgotten = told.course.is_stalled and ready + USUAL_PAUSE < end
    next_step = ready + USUAL_PAUSE if is_forgotten else end + dice.between(0, USUAL_PAUSE)
    first = workdays.today if is_due_today else workdays.date(next_step)
    planned = [Item(first, coming[0], ready, None)]
    if len(coming) > 1 and dice.chance(SHARE_PLANNED_AHEAD):
        second = workdays.date(workdays.number_of(first) + dice.between(5, USUAL_PAUSE))
        planned.append(Item(second, coming[1], ready, None))
    return [*done, *planned]
