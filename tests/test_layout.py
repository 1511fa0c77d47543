"""The packages import, and the light one stays light."""

import subprocess
import sys


def test_twolayer_imports_neither_sympy_nor_matplotlib():
    code = "import sys, twolayer; sys.exit(bool({'sympy', 'matplotlib'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
