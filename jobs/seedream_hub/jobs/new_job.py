"""A job as it is before anything of it was sent."""

from typing import NamedTuple

from .job import Job, Slot, new_job_id
from .order import Asked, Order


class Begun(NamedTuple):
    """The job of a call, and whether it began with it: a request key may have one from an earlier call."""

    job: Job
    is_new: bool


def new_job(tool: str, orders: list[Order], *, background: bool) -> Job:
    """Return a job of these requests; their pictures are numbered through."""
    asked: list[Asked] = []
    first = 0
    for number, order in enumerate(orders):
        asked.append(order.asked(number, first))
        first += order.count
    slots = {place: Slot(place, one.number, cost=orders[one.number].cost) for one in asked for place in one.places}
    return Job(new_job_id(), tuple(asked), slots, is_background=background, tool=tool)
