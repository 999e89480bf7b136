"""`python -m lookalike` and the command `lookalike`: the process, from its start to its end."""

import atexit
import os
import signal
import sys

from .cli.exit_codes import INTERRUPTED, NOTHING_USABLE


def main() -> None:
    """Run the command line, and end the process with its exit code.

    Python's own end kills a thread that nobody waited for as soon as it comes back to Python. In
    the C++ of ONNX Runtime and OpenCV, and in Lance, that aborts the process. So the process ends
    once everything that is registered with `atexit` has run.
    """
    code: int = NOTHING_USABLE  # of an exception, which Python shows

    def end(*_: object) -> None:
        os._exit(code)

    atexit.register(end)  # first, so it runs last
    try:
        from .cli.main import main as run

        run()
    except KeyboardInterrupt:  # while it was imported, or as it ended
        code = INTERRUPTED
    except SystemExit as stop:
        code = int(stop.code or 0)
    signal.signal(signal.SIGINT, end)  # instead of waiting for other threads
    sys.exit(code)


if __name__ == "__main__":
    main()
