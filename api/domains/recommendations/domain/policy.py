"""How an answer is put together. An experiment compares two of these."""

from dataclasses import dataclass, replace

from api.domains.recommendations.schemas import Parameters


@dataclass(frozen=True, slots=True)
class Policy:
    """What may differ between two answers for the same person at the same moment.

    `relevance` is λ of MMR: 1 keeps the order of the candidates, 0 looks at nothing but difference. Of each
    `slot_every` places the last one is drawn among the next `pool` candidates; 0 draws none.
    """

    relevance: float = 0.8
    most_of_a_type: int = 2
    slot_every: int = 6
    pool: int = 40
    is_personal: bool = True

    def changed(self, parameters: Parameters) -> "Policy":
        """This policy with what a variant says otherwise."""
        return replace(self, **parameters.model_dump(exclude_none=True))

    def slots(self, limit: int) -> int:
        """How many of `limit` places are drawn."""
        return limit // self.slot_every if self.slot_every else 0


USUAL = Policy()
