"""The cost of a build compared with the least it could cost; ``run.py`` measures, nothing here passes or fails."""
