"""What we accept, the sandbox accepts; what it refuses, we refuse before sending, naming the same argument.

The sandbox's rules are written from the providers' documents on their own. AGREEMENT_SEED and AGREEMENT_DRAWS
(calls for each provider) change what is drawn; a failure prints the call, the seed and the number of the draw.
"""

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import cast

import pytest

from seedream_hub.providers.sandbox.refusal import RefusalError
from seedream_hub.schemas.limits import Json
from tests.draws import KINDS, PROVIDERS, Draw, draw, offered_models, pools
from tests.exemptions import EXEMPTIONS, exemption_of
from tests.intents import COUNT, group_of, judged, members_of, model_of, sandbox_refusal, upload_refused
from tests.ours import Refusal, bodies_of, requests_of, schema_accepts
from tests.rulings import document

SEED = int(os.environ.get("AGREEMENT_SEED", "20261120"))
DRAWS = int(os.environ.get("AGREEMENT_DRAWS", "10000"))

pytestmark = pytest.mark.timeout(600)  # the first test that looks at a survey waits for it


@dataclass
class Survey:
    """What came of all the draws for one provider."""

    accepted: int = 0
    refused: int = 0
    disagreements: list[str] = field(default_factory=list[str])
    exempted: Counter[str] = field(default_factory=Counter[str])
    sides: Counter[tuple[str, str, bool]] = field(default_factory=Counter[tuple[str, str, bool]])
    """Model, limit, and whether past it: how often both sides took what is at it, or refused what is past it."""


@cache
def survey(provider: str) -> Survey:
    found = Survey()
    for number in range(DRAWS):
        one = draw(provider, number, SEED)
        problem = compare(one, found)
        if problem:
            found.disagreements.append(f"{problem}\n    {simplest(one, problem)}\n    {one}")
    return found


def compare(one: Draw, found: Survey) -> str | None:
    """Note what both sides say to a call; return what they disagree on."""
    ours, our_end = peeled(one, our_complaints)
    theirs, their_end = peeled(one, sandbox_complaints)
    _note(one, found, ours, theirs)
    accepted = refused_body(one) if not ours else None
    exempt = exempted(one, (ours - theirs) & {"model"})
    if "model" in ours and ("model" in theirs or exempt):
        # All else depends on the model, and was found out with the default one.
        one = one.without("model")
        theirs, their_end = peeled(one, sandbox_complaints)
        theirs.add("model")
    exempt |= exempted(one, ours - theirs)
    if exempt.keys() - {"model"}:
        # We went on without what only we refuse, so the sandbox has to: with another count, for one.
        names = (name for group in exempt for name in members_of(group))
        theirs, their_end = peeled(one.without(*names), sandbox_complaints)
        theirs |= exempt.keys() | (ours & {"model"})
        exempt |= exempted(one, ours - theirs)
    found.exempted.update(exempt.values())
    if our_end & theirs or their_end & ours:
        return None  # the tool needs references and the model takes none: nothing else can be found out
    if lost := alone(one, theirs - ours, theirs, sandbox_complaints):
        return f"the sandbox refuses {', '.join(lost)}, we do not"
    if harsh := alone(one, ours - theirs - exempt.keys(), ours, our_complaints):
        return f"we refuse {', '.join(harsh)}, the sandbox does not"
    return accepted


def alone(one: Draw, groups: set[str], refused: set[str], complaints: Callable[[Draw], set[str]]) -> list[str]:
    """Return those arguments that are refused without the others too: of two that clash, either may be named."""
    found: list[str] = []
    for group in sorted(groups):
        others = (name for other in refused - {group} for name in members_of(other))
        found += [group] if group in complaints(one.without(*others)) else []
    return found


def exempted(one: Draw, groups: set[str]) -> dict[str, str]:
    """Return those arguments that we alone may refuse, and by which rule."""
    return {group: name for group in groups if (name := exemption_of(one, group))}


def _note(one: Draw, found: Survey, ours: set[str], theirs: set[str]) -> None:
    found.accepted += not ours
    found.refused += bool(ours)
    for argument, value in one.values.items():
        group = group_of(argument)
        if value.limit and (group in ours if value.is_past else group not in ours | theirs):
            found.sides[str(one.arguments.get("model")), value.limit, value.is_past] += 1


def peeled(one: Draw, complaints: Callable[[Draw], set[str]]) -> tuple[set[str], set[str]]:
    """Return every argument a side refuses, and those it cannot be talked out of.

    What is refused is put back to what is surely legal, until nothing is refused.
    """
    found = set[str]()
    while groups := complaints(one):
        if groups <= found:
            if groups != {COUNT} or "images" not in one.arguments:
                return found, groups
            one = one.without("images")  # the count may be too high for so many references
        found |= groups
        one = one.without(*(name for group in groups for name in members_of(group)))
    return found, set()


def our_complaints(one: Draw) -> set[str]:
    try:
        requests_of(one)
    except Refusal as refusal:
        return {group_of(name) for name in refusal.arguments}
    return set()


def sandbox_complaints(one: Draw) -> set[str]:
    named = sandbox_refusal(one)
    return set() if named is None else {named}


def refused_body(one: Draw) -> str | None:
    """Return what the schema or the sandbox holds against a call that we accept, and the bodies we send for it."""
    if not schema_accepts(one):
        return "our schema refuses what our check takes"
    model, model_id = model_of(one)
    known = document(one.provider, model.id).fields
    for request, body in zip(requests_of(one), bodies_of(one), strict=True):
        inner = {
            f"{name}.{key}" for name, value in body.items() if isinstance(value, dict) for key in cast("Json", value)
        }
        if strange := (body.keys() | inner) - known:
            return f"we send {', '.join(sorted(strange))}, which is not documented"
        try:
            order = judged(one.provider, model_id, body)
        except RefusalError as refusal:
            return f"we accept what the sandbox refuses: {refusal.message}"
        if kind := upload_refused(body):
            return f"we upload {kind}, which EvoLink's Files API does not take"
        if order.count != request.count:
            return f"we ask for {request.count} pictures and get {order.count}"
    return None


def simplest(one: Draw, problem: str) -> Draw:
    """Return the call with every argument put back that the disagreement does not need."""
    for name in list(one.arguments):
        less = one.without(name)
        if less.arguments != one.arguments and compare(less, Survey()) == problem:
            one = less
    return one


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_we_say_to_a_call_the_sandbox_says_to_its_body(provider: str) -> None:
    found = survey(provider)
    print(f"{provider}: {found.accepted} accepted, {found.refused} refused, {dict(found.exempted)}")
    assert not found.disagreements, f"{len(found.disagreements)}:\n" + "\n".join(found.disagreements[:20])


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_quarter_of_the_draws_is_accepted_and_a_quarter_refused(provider: str) -> None:
    found = survey(provider)
    assert min(found.accepted, found.refused) >= DRAWS / 4, (found.accepted, found.refused)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_limit_is_drawn_on_both_sides(provider: str) -> None:
    limits = {
        (model, value.limit, value.is_past)
        for model in offered_models(provider)
        for kind in KINDS
        for pool in pools(provider, model, kind.tool).values()
        for value in pool
        if value.limit
    }
    assert limits - survey(provider).sides.keys() == set()


def test_every_exemption_is_used() -> None:
    used = Counter[str]()
    for provider in PROVIDERS:
        used += survey(provider).exempted
    print(used)
    assert {exemption.name for exemption in EXEMPTIONS} - used.keys() == set()
