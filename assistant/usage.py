"""What an answer takes: requests, tokens, cost and gCO₂eq; parts add up."""

import logging
import math
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

logger = logging.getLogger(__name__)

_MILLION = 1_000_000
_UNKNOWN_COST = "coût inconnu"


@dataclass(frozen=True, slots=True)
class Usage:
    """Model requests, tokens, cost in euros, gCO₂eq as a (low, high) range; None is unknown."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_eur: float | None = None
    gco2eq: tuple[float, float] | None = None

    def __add__(self, other: "Usage") -> "Usage":
        parts = [usage for usage in (self, other) if usage != _NOTHING]
        costs = [usage.cost_eur for usage in parts if usage.cost_eur is not None]
        ranges = [usage.gco2eq for usage in parts if usage.gco2eq is not None]
        whole = len(parts)  # a sum is known when each of its parts is
        return Usage(
            self.requests + other.requests,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            sum(costs) if costs and len(costs) == whole else None,
            (sum(low for low, _ in ranges), sum(high for _, high in ranges))
            if ranges and len(ranges) == whole
            else None,
        )


_NOTHING = Usage()


@dataclass(frozen=True, slots=True)
class Meter:
    """Measures requests to one model, by its name in `prices.toml` and at EcoLogits; None is unknown."""

    model: str | None = None

    def measure(self, requests: int, input_tokens: int, output_tokens: int) -> Usage:
        """Return what this took; what nobody told is unknown, never zero."""
        if not input_tokens + output_tokens or self.model is None:
            return Usage(requests, input_tokens, output_tokens)
        cost_eur = _cost_eur(self.model, input_tokens, output_tokens)
        return Usage(requests, input_tokens, output_tokens, cost_eur, _gco2eq(self.model, output_tokens))


def render_usage(usage: Usage) -> str:
    """Return one French line, such as « 1 requête · 1 840 jetons · 0,0006 € · 0,1 à 0,4 gCO₂eq »."""
    requests = f"{usage.requests} requête" + ("s" if usage.requests > 1 else "")
    if not usage.requests:
        return requests
    tokens = usage.input_tokens + usage.output_tokens
    parts = [requests]
    if tokens:
        parts.append(f"{tokens:,} jetons".replace(",", "\u202f"))
    parts.append(_UNKNOWN_COST if usage.cost_eur is None else _euros(usage.cost_eur))
    if usage.gco2eq is not None:
        low, high = (_two_digits(value) for value in usage.gco2eq)
        parts.append(f"{low if low == high else f'{low} à {high}'}\u00a0gCO₂eq")
    return " · ".join(parts)


def _euros(cost_eur: float) -> str:
    least = 0.0001
    return f"moins de {_comma(least, 4)}\u00a0€" if cost_eur < least else f"{_comma(cost_eur, 4)}\u00a0€"


def _two_digits(value: float) -> str:
    decimals = 0 if value <= 0 else max(0, 1 - math.floor(math.log10(value)))
    text = _comma(value, decimals)
    return text.rstrip("0").rstrip(",") if decimals else text


def _comma(value: float, decimals: int) -> str:
    return f"{value:.{decimals}f}".replace(".", ",")


def _cost_eur(model: str, input_tokens: int, output_tokens: int) -> float | None:
    price = _prices().get(model)
    if price is None:
        return None
    return (input_tokens * price[0] + output_tokens * price[1]) / _MILLION


@lru_cache(maxsize=1)
def _prices() -> dict[str, tuple[float, float]]:
    """Return euros per million of tokens, read and written, by “provider:model”."""
    table = tomllib.loads((files("assistant") / "prices.toml").read_text(encoding="utf-8"))
    rate = table["euros_per_dollar"]
    return {model: (read * rate, written * rate) for model, (read, written) in table["dollars"].items()}


def _gco2eq(model: str, output_tokens: int) -> tuple[float, float] | None:
    """Return EcoLogits' estimate, where it is installed (extra `impact`) and knows the model.

    From the tokens alone, with the latency it supposes: ours would make two identical answers differ.
    Rincé, Banse, « EcoLogits: Evaluating the Environmental Impacts of Generative AI », JOSS, 2025.
    """
    try:
        from ecologits.tracers.utils import PROVIDER_CONFIG_MAP, llm_impacts  # noqa: PLC0415 - optional
    except ImportError:
        return None
    logging.getLogger("ecologits").setLevel(logging.ERROR)  # it speaks English of what it is unsure of
    provider, _, name = model.partition(":")
    if provider not in PROVIDER_CONFIG_MAP:
        return None
    warming = llm_impacts(provider, name, output_tokens, request_latency=math.inf).gwp
    if warming is None:
        return None
    kilograms = warming.value
    low, high = getattr(kilograms, "min", kilograms), getattr(kilograms, "max", kilograms)
    return (float(low) * 1_000, float(high) * 1_000)
