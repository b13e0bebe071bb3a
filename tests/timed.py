"""The metrics of a run that a clock measures: equal runs differ in them, and in no other."""

TIMED = ("seconds", "steps_per_second", "tokens_per_second")
