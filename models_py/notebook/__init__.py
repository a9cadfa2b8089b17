"""The models for use in notebooks: from a data frame and a formula, or from cells, to results.

Belongs here: reading data, designs from formulas, results with the conventions of statsmodels, tables. Does not belong
here: any estimator; the numbers come from the same functions that estimate the study.
"""
