"""Circuit breakers for Prometheus: of one process in an application, of the fleet in the agent."""

from collections.abc import Callable, Iterable, Iterator

import prometheus_client
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector, CollectorRegistry

from healing.breakers import Breaker, State, registry


class BreakerStates(Collector):
    """`circuit_breaker_state{name,state}`: 1 for the state a breaker is in, 0 for the others.

    Args:
        states: Gives the state of each breaker by name, when Prometheus asks.
    """

    def __init__(self, states: Callable[[], Iterable[tuple[str, State]]]) -> None:
        self._states = states

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Name it, without asking anybody."""
        yield GaugeMetricFamily(
            "circuit_breaker_state",
            "1 for the state that a circuit breaker is in, 0 for the others.",
            labels=["name", "state"],
        )

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Give all combinations, so that none appears out of nothing."""
        (family,) = self.describe()
        for name, now in self._states():
            for state in State:
                family.add_metric([name, state.value], float(state is now))
        yield family


class RefusedCalls(Collector):
    """`circuit_breaker_refused_calls_total{name}`: calls that a breaker refused.

    Args:
        breakers: Gives the breakers, when Prometheus asks.
    """

    def __init__(self, breakers: Callable[[], Iterable[Breaker]]) -> None:
        self._breakers = breakers

    def describe(self) -> Iterator[CounterMetricFamily]:
        """Name it, without asking anybody."""
        yield CounterMetricFamily(
            "circuit_breaker_refused_calls",
            "Calls that a circuit breaker refused in this process.",
            labels=["name"],
        )

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Count."""
        (family,) = self.describe()
        for breaker in self._breakers():
            family.add_metric([breaker.name], breaker.stats().rejected)
        yield family


def expose_breakers(to: CollectorRegistry = prometheus_client.REGISTRY) -> None:
    """Show every breaker of this process on the application's own `/metrics`.

    Call it once. Breakers that are made later appear by themselves.

    Args:
        to: The registry that the application serves; by default that of prometheus-client.

    Raises:
        ValueError: They are shown there already.
    """
    to.register(BreakerStates(lambda: ((one.name, one.state) for one in registry.all())))
    to.register(RefusedCalls(registry.all))
