"""Objects that stay for good are not looked through for garbage; all others still are."""

import gc

import pytest

from flows.long_lived import import_for_good


@pytest.mark.parametrize(("module", "there"), [("colorsys", True), ("no_module_has_this_name", False)])
def test_garbage_is_collected_after_an_import(module: str, there: bool) -> None:
    """Whether the import succeeds or fails; and what there was is kept out of the collector's sight only if it does."""
    before = gc.get_freeze_count()
    try:
        if there:
            import_for_good(module)
        else:
            with pytest.raises(ModuleNotFoundError):
                import_for_good(module)
        assert gc.isenabled()
        assert (gc.get_freeze_count() > before) == there
    finally:
        gc.unfreeze()
