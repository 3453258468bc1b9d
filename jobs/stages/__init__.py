"""The stages of a night, one module per stage, with the names of `jobs.stage_list`."""
