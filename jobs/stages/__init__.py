"""The stages of a night: a module each, found by the name under which `jobs.stage_list` has it."""
