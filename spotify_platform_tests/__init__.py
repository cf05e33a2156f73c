"""The tests mirror the package and read like its manual."""
