"""Automation: what runs by itself. Jobs, the daily schedule and the raw-zone sensor."""
