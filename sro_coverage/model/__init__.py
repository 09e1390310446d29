"""The optimisation model: compile once, then solve. Only this room imports OR-Tools."""
