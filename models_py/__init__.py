"""Estimation and inference: the study specification, numeric core, results, hypothesis tests, disclosure control.

Nothing here reads a register or orders steps: it sees sufficient statistics and gives tables.
"""
