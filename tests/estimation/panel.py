"""A small generated panel with persons, for tests of the notebook's models."""

import numpy as np
import pandas as pd


def generate(n_persons: int = 400, n_years: int = 4, seed: int = 1, person_sd: float = 0.8) -> pd.DataFrame:
    """Persons with a region, an age and a sex, and a yearly outcome that depends on them; `person` comes first."""
    rng = np.random.default_rng(seed)
    n = n_persons * n_years
    person = np.repeat(np.arange(n_persons), n_years)
    region = rng.choice(["city", "rural", "town"], n_persons, p=[0.5, 0.2, 0.3])[person]
    age = rng.integers(25, 55, n_persons)[person] + np.tile(np.arange(n_years), n_persons)
    sex = rng.choice([1, 2], n_persons)[person]
    effects = rng.normal(0, person_sd, (n_persons, 2))[person]
    move = -1.2 + 0.5 * (region == "rural") - 0.02 * (age - 40) + effects[:, 0]
    leave = -1.6 - 0.6 * (region == "town") + 0.2 * (sex == 2) - 0.03 * (age - 40) + effects[:, 1]
    utilities = np.column_stack([np.zeros(n), move, leave]) + rng.gumbel(size=(n, 3))
    outcome = np.array(["stay", "move", "leave"])[utilities.argmax(axis=1)]
    return pd.DataFrame({"person": person, "region": region, "age": age, "sex": sex, "outcome": outcome})
