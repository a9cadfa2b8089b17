"""Benchmarks: whole commands and estimation, timed from outside. Nothing here is asserted in a test."""
