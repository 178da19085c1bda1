"""Tests of `course_utils.datasets`, one module for each of its modules; test_contract.py holds every loader."""
