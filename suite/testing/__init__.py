"""Checks of what a plugin contributes, for the plugin's own tests and for `suite check`.

`checks` lists all that there are for the plugins of a host. Each is called without arguments, and raises
`suite.PluginError` with what is wrong and what to do:

    @pytest.mark.parametrize("check", suite.testing.checks(suite.Host(suite_birds, discover=False)), ids=str)
    def test_check(check):
        check()

The functions beside it check one thing that a plugin made: a codec, a batch maker, a data set. The host makes
most of these checks itself, once, before the first step of a training.

    from suite.testing import check_codec, check_pipeline, check_plugin

    def test_the_plugin_is_declared_well():
        check_plugin(suite_birds)

    def test_the_model_can_be_trained_saved_and_loaded():
        check_pipeline(builder, dataset, task=birds)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from suite.testing.check import Check as Check
    from suite.testing.check import NotCheckedError as NotCheckedError
    from suite.testing.contribution_checks import check_batch_maker as check_batch_maker
    from suite.testing.contribution_checks import check_codec as check_codec
    from suite.testing.contribution_checks import check_dataset as check_dataset
    from suite.testing.contribution_checks import check_evaluator as check_evaluator
    from suite.testing.contribution_checks import check_imports as check_imports
    from suite.testing.contribution_checks import check_loader as check_loader
    from suite.testing.contribution_checks import check_options as check_options
    from suite.testing.contribution_checks import check_pipeline as check_pipeline
    from suite.testing.contribution_checks import check_plugin as check_plugin
    from suite.testing.contribution_checks import check_preview as check_preview
    from suite.testing.listing import checks as checks

if not TYPE_CHECKING:
    __getattr__, __dir__, __all__ = lazy_exports(
        __name__,
        {
            "Check": "suite.testing.check",
            "NotCheckedError": "suite.testing.check",
            "check_batch_maker": "suite.testing.contribution_checks",
            "check_codec": "suite.testing.contribution_checks",
            "check_dataset": "suite.testing.contribution_checks",
            "check_evaluator": "suite.testing.contribution_checks",
            "check_imports": "suite.testing.contribution_checks",
            "check_loader": "suite.testing.contribution_checks",
            "check_options": "suite.testing.contribution_checks",
            "check_pipeline": "suite.testing.contribution_checks",
            "check_plugin": "suite.testing.contribution_checks",
            "check_preview": "suite.testing.contribution_checks",
            "checks": "suite.testing.listing",
        },
    )
