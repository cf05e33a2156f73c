# The image of Dagster+ (Hybrid, or Serverless with Docker) and of deploy/oss: one for code server, runs, web server and
# daemon. No secret is in it, and nothing of a deployment; whoever starts it gives both in the environment.

# Three stages of one base. Its digest says which; the dependency updates move it.
FROM python:3.13.15-slim-bookworm@sha256:2325bb286ec344af3e5898cc224b5844e2707ac6e26b1632516fd3edc84a5e26 AS base
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore

# What we stand on: a layer that only changes with the lock. The package is empty here, for its dependencies.
FROM base AS dependencies
WORKDIR /source
COPY pyproject.toml requirements.lock README.md LICENSE ./
RUN mkdir spotify_platform && touch spotify_platform/__init__.py \
    && python -m venv /opt/venv \
    && /opt/venv/bin/pip install --constraint requirements.lock '.[aws,snowflake,plus,oss]' \
    && /opt/venv/bin/pip uninstall --yes spotify-platform

# The package itself, a third of a megabyte.
FROM base AS wheel
WORKDIR /source
COPY pyproject.toml requirements.lock README.md LICENSE ./
COPY spotify_platform spotify_platform
RUN PIP_CONSTRAINT=requirements.lock pip wheel --no-deps --wheel-dir /wheel .

FROM base
# /data is the platform's home, /opt/dagster the open-source instance's; volumes there take over who owns them.
RUN useradd --uid 1000 --no-create-home --home-dir /data platform \
    && install --directory --owner platform --group platform /data /opt/dagster /opt/dagster/storage
COPY --from=dependencies /opt/venv /opt/venv
RUN --mount=type=bind,from=wheel,source=/wheel,target=/wheel /opt/venv/bin/pip install --no-deps /wheel/*.whl
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 SPOTIFY_PLATFORM_HOME=/data
WORKDIR /data
USER 1000
# Dagster+ and deploy/oss give their own.
CMD ["dagster", "api", "grpc", "--host", "0.0.0.0", "--port", "4000", "--module-name", "spotify_platform.definitions"]
