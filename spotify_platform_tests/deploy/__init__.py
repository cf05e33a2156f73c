"""Tests of what is deployed, each in the runtime that it meets there, on the loopback interface."""
