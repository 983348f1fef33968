"""The sealer, a process of its own: `python -m config.sealer` (see config/sealing_process.py).

In: Django's settings. Out: sealed logs until SIGTERM.
"""

from __future__ import annotations

import os

import django
from django.utils.module_loading import import_string


def main() -> None:
    """Set Django up, then seal."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")
    django.setup()
    # It needs Django's models, which are there only now.
    import_string("config.sealing_process.main")()


if __name__ == "__main__":
    main()
