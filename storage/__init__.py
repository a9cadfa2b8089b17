"""How confidential files are kept: keys, who may read what, and the one way to open the warehouse.

Belongs here: what every other package needs to handle a confidential file safely. Does not belong here: what is in it.
"""
