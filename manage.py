#!/usr/bin/env python
"""Django's command line. Without DATABASE_URL it uses the embedded services of `make run`."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "searchsite.settings")
    from searchsite.embedded import attach_if_needed

    attach_if_needed()
    from django.core.management import execute_from_command_line

    from searchsite.command_errors import in_one_line

    try:
        execute_from_command_line(sys.argv)
    except Exception as error:
        line = in_one_line(error)
        if line is None or "--traceback" in sys.argv:
            raise
        sys.exit(line)
    from django.apps import apps

    if apps.ready:
        from catalog.encoders.endpoint_use import keep_use

        keep_use()


if __name__ == "__main__":
    main()
