"""The models as a notebook uses them: from a data frame and a formula, or from cells, to results.

Belongs here: data in, design from a formula, results with the conventions of statsmodels, tables. Does not belong here:
any estimator; the numbers come from the same functions that estimate the study.
"""
