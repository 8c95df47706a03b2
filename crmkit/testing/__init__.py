"""The kit that plugins and installations are tested with; ``pip install crmkit[testing]``."""
