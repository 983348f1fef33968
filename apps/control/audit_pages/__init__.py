"""The admin's audit browser: the entries of a log, one entry, the history of one row. For auditors.

logs.py: which log, and who may see it. asked.py: the filter in the address. people.py: names for actors. values.py and
text.py: hostile values as safe HTML. pages.py: the views. What is looked at comes from apps.audit.browse.
"""
