"""Tests of extraction: what a person may give, what Spotify may answer, and what arrives in the lake."""
