"""Write the generated modules of `twolayer`, or check them.

``python -m theory.emit`` shows how what is checked in differs from what the expressions give, and exits
with 1 if it does; ``python -m theory.emit --update`` rewrites it.
"""

import argparse
import sys

from theory.emit.generated import ROOT, difference, generated, present, write


def main() -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m theory.emit", description=__doc__)
    parser.add_argument("--update", action="store_true", help="rewrite what differs")
    update = parser.parse_args().update
    before = present()
    after = generated()
    if update:
        write(ROOT, before, after)
        return 0
    sys.stdout.write(difference(before, after))
    return int(before != after)


if __name__ == "__main__":
    sys.exit(main())
