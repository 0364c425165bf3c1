"""What a job is asked for: its requests, who may serve each, and what is known of one that was sent."""

from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, ConfigDict

from seedream_hub.schemas.cost import estimate
from seedream_hub.schemas.limits import Json, ModelLimits
from seedream_hub.schemas.requests import ImageRequest
from seedream_hub.schemas.result import Cost

from .naming import Naming
from .reference_book import ReferenceBook


class Sent(BaseModel):
    """What is known of a request that was sent, beside what was asked for."""

    model_config = ConfigDict(frozen=True)

    prompt: str = ""
    """If it is not the one that was asked for."""
    sandbox: bool = False
    """Whether the sandbox answered."""


NOTHING: Final = Sent()
UNPRICED: Final = Cost(amount=None, currency=None, estimated=True)


@dataclass(frozen=True, slots=True)
class Leaving:
    """A request that is about to leave."""

    provider: str
    model: str
    sent: Sent = NOTHING
    cost: Cost = UNPRICED
    """Of each of its pictures."""


@dataclass(frozen=True, slots=True)
class Route:
    """One provider's model that can do the request, and the request as planned for it."""

    provider: str
    model: ModelLimits
    request: ImageRequest

    @property
    def cost(self) -> Cost:
        """What one picture is estimated at."""
        return estimate(self.request, self.model, self.provider)

    def leaving(self, sent: Sent) -> Leaving:
        """Return what the journal is told before the request leaves."""
        return Leaving(self.provider, self.model.name, sent, self.cost)


class Asked(BaseModel):
    """One request of a job, as the journal keeps it: enough to ask for it again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    """0-based place in the job."""
    first: int
    """Its first picture's place in the job."""
    count: int
    tool: str
    arguments: Json
    """As the caller gave them; pictures given as data are named by their file."""
    provider: str
    """Who was preferred."""
    model: str
    prompt: str
    references: tuple[str, ...] = ()
    """Where each came from, without its bytes."""

    @property
    def is_layered(self) -> bool:
        """Whether it asks for a picture's layers: how many there are, the model decides."""
        return bool(self.arguments.get("layer_decomposition"))

    @property
    def naming(self) -> Naming:
        """What the files are called."""
        stem = self.arguments.get("filename")
        return Naming(self.prompt, stem if isinstance(stem, str) else None, self.count)

    def sent(self, prompt: str) -> Sent:
        """Return what is to be known of it beside this, once it is sent with this prompt."""
        return Sent(prompt="" if prompt == self.prompt else prompt)

    @property
    def places(self) -> tuple[int, ...]:
        """Its pictures' places in the job."""
        return tuple(range(self.first, self.first + self.count))


@dataclass(frozen=True, slots=True)
class Order:
    """One request, and who may serve it, the first one preferred."""

    tool: str
    arguments: Json
    routes: tuple[Route, ...]
    references: ReferenceBook

    @property
    def count(self) -> int:
        """How many pictures are asked for."""
        return self.routes[0].request.count

    @property
    def cost(self) -> Cost:
        """What each picture is estimated at where it is asked for first."""
        return self.routes[0].cost

    def asked(self, number: int, first: int) -> Asked:
        """Return what the journal keeps."""
        preferred = self.routes[0]
        return Asked(
            number=number,
            first=first,
            count=self.count,
            tool=self.tool,
            arguments=self.arguments,
            provider=preferred.provider,
            model=preferred.model.name,
            prompt=preferred.request.prompt,
            references=self.references.origins,
        )


@dataclass(frozen=True, slots=True)
class Part:
    """The places in the job that one upstream request fills."""

    indices: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many pictures the request asks for."""
        return len(self.indices)
