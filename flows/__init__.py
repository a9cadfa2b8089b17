"""Prefect flows and the command line: they order the steps, hold the home directory and switch releases.

No register rule and no formula belongs here.
"""
