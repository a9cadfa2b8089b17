"""The simulated Norway: registers with known parameters, in the layout of Statistics Norway's deliveries."""

from synthetic.parameters import ParametersError
from synthetic.simulation import SimulationError, simulate

__all__ = ["ParametersError", "SimulationError", "simulate"]
