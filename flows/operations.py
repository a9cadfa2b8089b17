"""What operators decide: `operations.yml` in the home directory. The study's own decisions are in `study.yml`.

Belongs here: reading and checking the settings. Does not belong here: acting on them (`alerts`, `retention`).
"""

import os
from typing import Annotated

import yaml
from pydantic import Field, ValidationError

from flows.home import Home
from models_py.part import Part, faults_in

ALERTS_VARIABLE = "FLYTTEPANEL_ALERTS"


class OperationsError(ValueError):
    """The operators' settings cannot be read; the message names file and key, never a value: they hold passwords."""


class Keep(Part):
    """What is kept: how many of the newest releases, and log files of how many days; None keeps everything."""

    releases: Annotated[int, Field(ge=2)] | None = None
    log_days: Annotated[int, Field(ge=1)] | None = None


class Operations(Part):
    """The settings: where alerts go (URLs as the package apprise reads them), and what is kept."""

    alerts: tuple[str, ...] = ()
    keep: Keep = Keep()


def alert_addresses(home: Home) -> tuple[str, ...]:
    """Where alerts go: FLYTTEPANEL_ALERTS, or if that is not set, `operations.yml`, which is read only then.

    Raises:
        OperationsError: as for `load_operations`.
    """
    urls = os.environ.get(ALERTS_VARIABLE)
    return load_operations(home).alerts if urls is None else tuple(urls.split())


def load_operations(home: Home) -> Operations:
    """Read `operations.yml`; everything has a default.

    Raises:
        OperationsError: the file is not YAML, has an unknown key, or others than its owner can read it.
    """
    path = home.operations
    if not path.exists():
        return Operations()
    if path.stat().st_mode & 0o077:
        raise OperationsError(f"{path}: others than its owner may read it, and it may hold passwords: chmod 600")
    try:
        return Operations.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except yaml.YAMLError:
        raise OperationsError(f"{path}: not YAML") from None
    except ValidationError as error:
        raise OperationsError(faults_in(path, error)) from None
