"""Words in, words out: the command line."""

import sys


def start() -> None:
    """Run the command ``twolayer``; Ctrl-C is answered with a line while its modules are loaded, too.

    Raises
    ------
    SystemExit
        With the code 130 after Ctrl-C.
    """
    try:
        from numerics.commands.main import main
    except KeyboardInterrupt:
        sys.stderr.write("Stopped before anything was finished.\n")
        raise SystemExit(130) from None
    main()
