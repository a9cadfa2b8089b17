"""The one place where checkpoints are made, so that no validation is ever run with a result format that leaks."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import great_expectations as gx
from great_expectations.core.batch_definition import BatchDefinition
from great_expectations.core.result_format import ResultFormat
from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

from expectations.engine import ExpectNoRows
from expectations.suite_files import Rule, Suite


def context_with_docs(docs: Path) -> AbstractDataContext:
    """A context that lives in memory: suites come from the reviewed files, and only Data Docs are written."""
    site = {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(docs.resolve())},
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder", "show_cta_footer": False},
    }
    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(),
        data_docs_sites={"gate": site},
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
    )
    return gx.get_context(mode="ephemeral", project_config=config)


def checkpoint(
    context: AbstractDataContext, whole_table: Callable[[Suite], BatchDefinition[Any]], name: str, suites: list[Suite]
) -> gx.Checkpoint:
    """A checkpoint over suites, each on its table. Its results say success and nothing else."""
    return context.checkpoints.add(
        gx.Checkpoint(
            name=name,
            validation_definitions=[_definition(context, whole_table(suite), suite) for suite in suites],
            result_format=ResultFormat.BOOLEAN_ONLY,
        )
    )


def _definition(
    context: AbstractDataContext, whole_table: BatchDefinition[Any], suite: Suite
) -> gx.ValidationDefinition:
    expectations = [_expectation(rule) for rule in suite.rules]
    return context.validation_definitions.add(
        gx.ValidationDefinition(
            name=suite.name,
            data=whole_table,
            suite=context.suites.add(gx.ExpectationSuite(name=suite.name, expectations=expectations)),
        )
    )


def _expectation(rule: Rule) -> Expectation:
    """A rule as Great Expectations' own object; `meta` holds its name, by which its result is found."""
    meta = {"name": rule.name}
    if rule.sql is not None:
        return ExpectNoRows(unexpected_rows_query=rule.sql, description=rule.description, meta=meta)
    column = {"column": rule.column} if rule.column else {}
    return ExpectationConfiguration(
        type=str(rule.type), kwargs={**column, **rule.arguments}, description=rule.description, meta=meta
    ).to_domain_obj()
