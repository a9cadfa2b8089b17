"""Benchmarks: whole commands, timed from outside. Nothing here is asserted in a test."""
