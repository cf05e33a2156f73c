"""Tests of what assets connect to, on the loopback interface."""
