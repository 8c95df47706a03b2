"""Commands of the ``crmkit`` program."""
