"""Canaries: marked identifiers and values in test deliveries, which must turn up nowhere but where persons live.

Belongs here: the marks, the faults that carry them, the search, and the campaign over every fault and step.
"""
