"""The command line. Thin: it reads options, calls a step and prints; heavy imports happen inside commands."""

import atexit
import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Literal

import click

from flows.errors import StepCrashed, without_values
from flows.home import STUDY_FILE, Home, home_from, insist_that_there, refuse_odd
from flows.interrupt import stop_at_interrupt
from flows.log import start_log
from flows.long_lived import keep_for_good
from storage.permissions import SHARED_HOME_VARIABLE, process_owner_alone, refuse_shared

HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}


@click.group(context_settings=HELP_OPTIONS)
@click.version_option(package_name="flyttepanel")
def commands() -> None:
    """Register extracts in, tested hypotheses out."""
    atexit.register(keep_for_good)  # otherwise the collector goes through all objects once more at the end
    process_owner_alone()
    start_log()


def main() -> None:
    """Run a command; a failure is one readable message and exit code 1, never a value from a row."""
    stop_at_interrupt()
    try:
        with without_values():
            commands(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        sys.exit(130)
    except (OSError, StepCrashed) as error:
        sys.exit(f"flyttepanel: {error}")
    except Exception as error:
        sys.exit(f"{error}")


def with_home(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--home` and pass it the home directory, which must exist and be its owner's alone."""

    @wraps(command)
    def there(home: Home, **options: Any) -> Any:
        insist_that_there(home.path)
        return command(home, **options)

    return with_any_home(there)


def with_any_home(command: Callable[..., Any]) -> Callable[..., Any]:
    """The same for a home directory that may be missing: alerts must go out even if its disk is not mounted."""

    @click.option("--home", metavar="DIR", help="Home directory with all state [FLYTTEPANEL_HOME, else ./var].")
    @click.option("--shared-home", is_flag=True, help="Work in a home directory that others have rights to.")
    @wraps(command)
    def wrapped(home: str | None, shared_home: bool, **options: Any) -> Any:
        if shared_home:  # in the environment, so that child processes get it too
            os.environ[SHARED_HOME_VARIABLE] = "1"
        where = home_from(home)
        refuse_odd(where.path)
        refuse_shared(where.path)
        return command(where, **options)

    return wrapped


def the_study() -> Any:
    """The study specification of this project."""
    from models_py.study import load_study

    return load_study(STUDY_FILE)


def years_option(_context: click.Context, _option: click.Parameter, value: str) -> tuple[int, int]:
    """Read `2014-2021`."""
    first, dash, last = value.partition("-")
    if not (dash and first.isdigit() and last.isdigit() and int(first) < int(last)):
        raise click.BadParameter("give two years, as in 2014-2021")
    return int(first), int(last)


def what_people_look_at(home: Home) -> list[tuple[str, Path]]:
    """The published site's start page and the briefs."""
    briefs = sorted(home.current.glob("brief_*.pdf"))
    return [("site", home.site / "index.html"), *(("brief", brief) for brief in briefs)]


def say_where(*places: tuple[str, Path]) -> None:
    """Print where things are, one per line."""
    for name, place in places:
        click.echo(f"{name:<10} {place}")


@commands.command()
@click.option("--persons", type=click.IntRange(min=100), required=True, help="Residents on the first 1 January.")
@click.option("--years", default="2014-2021", show_default=True, callback=years_option, help="1 Januaries, FIRST-LAST.")
@click.option("--seed", type=int, required=True, help="Same seed, same bytes.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Where the deliveries go, a folder each.")
@click.option("--deliveries", type=click.Choice(["single", "yearly"]), default="single", show_default=True)
@click.option("--format", "file_format", type=click.Choice(["csv", "parquet"]), default="csv", show_default=True)
@click.option("--quirks/--no-quirks", default=True, show_default=True, help="The oddities that real extracts have.")
@click.option(
    "--sampling",
    type=click.Choice(["population", "balanced"]),
    default="population",
    show_default=True,
    help="balanced: equally many persons of the three groups, from a larger Norway.",
)
@click.option(
    "--parameters",
    type=click.Path(exists=True, path_type=Path),
    help="Parameters other than synthetic/parameters.yml.",
)
def simulate(file_format: Literal["csv", "parquet"], **options: Any) -> None:
    """Write deliveries of a simulated Norway whose truth is known."""
    from flows.log import step
    from synthetic import simulate as simulate_norway

    with step("simulate") as said:
        said.append(f"{options['persons']:,} persons")
        simulate_norway(format=file_format, **options)


@commands.command()
@click.argument("source", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@click.option(
    "--key-file",
    type=click.Path(exists=True, path_type=Path),
    required=True,
    help="The secret key, at least 32 bytes, readable by its owner alone.",
)
def pseudonymise(source: Path, target: Path, key_file: Path) -> None:
    """Write the delivery in folder SOURCE, which holds identity numbers, with pseudonyms into the new folder TARGET."""
    from flows.pseudonymise import pseudonymise as pseudonymise_delivery

    count = pseudonymise_delivery(source, target, key_file)
    click.echo(f"{count} {'file' if count == 1 else 'files'} pseudonymised into {target}")


@commands.command()
@with_home
def refresh(home: Home) -> None:
    """Do everything that is due, from new or changed deliveries to a published release."""
    from flows.hypothesis_table import terminal_table
    from flows.state import due
    from flows.status import nothing_is_due

    home.create()
    if not due(home, the_study()):
        click.echo(nothing_is_due(home))
        return
    from flows.prefect_run import run_refresh_flow

    run_refresh_flow(home)
    click.echo(f"\n{terminal_table(home.results)}\n")
    say_where(("release", home.current.resolve()), *what_people_look_at(home))
    say_where(("results", home.results), ("warehouse", home.warehouse))


@commands.command()
@click.argument("deliveries", nargs=-1)
@with_home
def load(home: Home, deliveries: tuple[str, ...]) -> None:
    """Load deliveries (all that are due, or those named): all or nothing."""
    from flows.pipeline import run_load

    count = run_load(home, the_study(), list(deliveries) or None)
    click.echo(f"{count} loaded." if count else "Nothing to load.")


@commands.command()
@click.option(
    "--target",
    type=click.Choice(["dev", "spark"]),
    default="dev",
    envvar="FLYTTEPANEL_TARGET",
    show_default=True,
    show_envvar=True,
    help="Where: dev is DuckDB, spark is Apache Spark (docs/scale.md).",
)
@with_home
def build(home: Home, target: str) -> None:
    """Build the marts from what is loaded, and stop after gate 2."""
    from flows.pipeline import run_build

    run_build(home, the_study(), target)


@commands.command()
@with_home
def validate(home: Home) -> None:
    """Run the gates again on what is loaded and built."""
    from flows.pipeline import run_validate

    click.echo(f"All {run_validate(home, the_study())} expectations are met.")


@commands.command()
@click.option("--variants", is_flag=True, help="Judge the hypotheses under the variants of study.yml too.")
@with_home
def estimate(home: Home, variants: bool) -> None:
    """Fit the models, predict, and test the hypotheses."""
    from flows.pipeline import run_estimate

    run_estimate(home, the_study(), variants)


@commands.command()
@with_home
def publish(home: Home) -> None:
    """Publish a release of what has been built and estimated."""
    from flows.pipeline import run_publish

    click.echo(f"Published {run_publish(home, the_study())}")


@commands.command()
@with_home
def report(home: Home) -> None:
    """Render site and briefs of the current release again."""
    from flows.pipeline import run_report

    run_report(home, the_study())
    say_where(*what_people_look_at(home))


@commands.command()
@with_home
def status(home: Home) -> None:
    """Show deliveries, years covered, the last release, and what is due."""
    from flows.status import status_text

    click.echo(status_text(home, the_study()))


@commands.command(context_settings={"ignore_unknown_options": True})  # a query may begin with a comment: -- …
@click.argument("query")
@click.option(
    "--format",
    "output",
    type=click.Choice(["table", "csv", "json", "parquet"]),
    default="table",
    show_default=True,
    help="How to print the rows.",
)
@with_home
def sql(home: Home, query: str, output: str) -> None:
    """Run a read-only query on the published results."""
    from flows.query import run_query

    run_query(home, query, output)


@commands.command()
@click.argument("run_a", required=False)
@click.argument("run_b", required=False)
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--explain/--no-explain", default=True, show_default=True, help="Re-estimate to say why a verdict flipped."
)
@with_home
def diff(home: Home, run_a: str | None, run_b: str | None, output: str, explain: bool) -> None:
    """Show what changed between two releases: by default the one before the current, and the current."""
    from flows.diff import as_json, as_text, compare, two_releases

    difference = compare(home, *two_releases(home, run_a, run_b), why=explain)
    click.echo(as_json(difference) if output == "json" else as_text(difference))


@commands.command()
@click.argument("delivery")
@with_home
def withdraw(home: Home, delivery: str) -> None:
    """Take a delivery back out, as if it had never come; the next refresh rebuilds what it touched."""
    from flows.pipeline import run_withdraw

    run_withdraw(home, the_study(), delivery)
    click.echo(f"{delivery} is withdrawn; it stays out until it is loaded by name.")


@commands.command()
@with_home
def serve(home: Home) -> None:
    """Serve the Prefect deployments with their schedules; needs a running Prefect server."""
    from flows.prefect_run import serve_deployments

    serve_deployments(home)


@commands.command()
@click.argument("text", default="This is a test.")
@with_any_home
def alert(home: Home, text: str) -> None:
    """Send a message to the alert addresses: to test them, or from a service that has failed."""
    from flows.alerts import send
    from flows.operations import alert_addresses

    addresses = len(alert_addresses(home))
    if not addresses:
        raise click.ClickException(f"{home.operations} names no addresses under `alerts`")
    if not send(home, "Flyttepanel: message", text):
        raise click.ClickException("not every address could be reached")
    click.echo(f"Sent to {addresses}.")
