"""Integration tests: the real program against servers that are not Gantry's own work.

One module per suite, one CTest entry per module.  By hand, from the project's root:

    GANTRY_BINARY=build/tests/bin/gantry build/venv/bin/python -m unittest -v tests.integration.test_strict
"""
