"""Tests of the double with boto3, a client that shares no code with it but the models.

Run: PYTHONPATH=tests/support python -m unittest discover -s tests/support/strict_cloud/selftest -t tests/support
"""
