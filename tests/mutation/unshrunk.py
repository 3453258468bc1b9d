"""A pytest plugin for mutants: Hypothesis stops at the first example that fails, and looks for no smaller one."""

from hypothesis import Phase, settings

settings.register_profile("mutation", phases=[Phase.explicit, Phase.generate], database=None)
settings.load_profile("mutation")
