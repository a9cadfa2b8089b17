"""How confidential files are kept: keys, who may read what, and the one way in which the warehouse is opened.

Belongs here: what every other package needs to touch a confidential file safely. Does not belong here: what is in it.
"""
