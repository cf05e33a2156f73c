"""Tests of the offline Spotify."""
