"""From files to problems."""

from sro_coverage.read.plan_file import PlanFile, Read, read_plan_file, read_problem

__all__ = ["PlanFile", "Read", "read_plan_file", "read_problem"]
