"""Adapters, one file per trainer or evaluator: rows come from a build, rewards from ``puzzlegen.verify``.

No adapter imports another.
"""
