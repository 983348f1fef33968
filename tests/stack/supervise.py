"""A process that supervises shell scripts: supervise.py '[{"name": ..., "script": ..., ...}]'. Exits as they do."""

import json
import sys

from kapok.stack.supervisor import ChildProcess, Supervisor


def main() -> int:
    children = [
        ChildProcess(child.pop("name"), ["sh", "-c", child.pop("script")], **child) for child in json.loads(sys.argv[1])
    ]

    def ready() -> None:
        sys.stdout.write("all ready\n")
        sys.stdout.flush()

    return Supervisor(children, on_ready=ready).run()


if __name__ == "__main__":
    sys.exit(main())
