"""Tests of the Power BI project, of its publication and of its refresh."""
