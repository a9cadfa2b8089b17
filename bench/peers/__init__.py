"""The same jobs done by other software; each file runs by itself, in the environment its software needs."""
