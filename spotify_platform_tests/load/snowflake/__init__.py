"""Tests of Snowflake as the warehouse, against a model of Snowflake: they prove nothing about Snowflake itself."""
