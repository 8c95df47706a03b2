"""``python -m crmkit``: the same program as the ``crmkit`` command."""

from crmkit.cli.main import main

if __name__ == "__main__":
    main()
