# The site, or its training worker, as an image: two stages, no compiler and no root in the last.
#   docker build -t gatescope .
# PIP_EXTRA_INDEX_URL names the index of torch's CPU-only builds; without it, the standard build.
ARG BASE=python:3.11-slim-bookworm

# hadolint ignore=DL3006
FROM ${BASE} AS build
ARG PIP_EXTRA_INDEX_URL=""
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
COPY pyproject.toml ./
SHELL ["/bin/sh", "-euc"]
# torch by itself and first, so that a changed pin of anything else leaves this layer alone.
RUN --mount=type=cache,target=/root/.cache/pip \
    python3 -m venv /venv; \
    torch=$(python3 -c 'import tomllib; print(tomllib.load(open("pyproject.toml", "rb"))["tool"]["gatescope"]["torch"])'); \
    /venv/bin/pip install "torch==$torch+cpu" \
        || { echo "No CPU-only build of torch here: the standard one brings several GB of CUDA"; \
             /venv/bin/pip install "torch==$torch"; }
RUN --mount=type=cache,target=/root/.cache/pip \
    python3 -c 'import tomllib; d = tomllib.load(open("pyproject.toml", "rb")); print(*d["project"]["dependencies"], *d["dependency-groups"]["production"], sep="\n")' > /site.txt; \
    /venv/bin/pip install -r /site.txt
COPY manage.py ./
COPY chatsite chatsite
COPY memory_app memory_app
COPY templates templates
COPY static static
COPY locale locale
# Hashed and compressed once, here. The settings want a key and an origin; neither is kept.
RUN STATIC_COLLECTED=1 STATIC_ROOT=/static DATA_DIR=/tmp/data \
    /venv/bin/python manage.py collectstatic --noinput -v0

# hadolint ignore=DL3006
FROM ${BASE}
LABEL org.opencontainers.image.title="gatescope" org.opencontainers.image.licenses="MIT"
RUN groupadd --system --gid 10001 gatescope \
    && useradd --system --uid 10001 --gid gatescope --home-dir /data gatescope \
    && install --directory --owner gatescope --group gatescope --mode 0700 /data
COPY --from=build /venv /venv
COPY --from=build /static /static
COPY --from=build /app /app
COPY LICENSE NOTICE /app/
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1 \
    PROFILE=production STATIC_COLLECTED=1 STATIC_ROOT=/static DATA_DIR=/data \
    HOST=0.0.0.0 PORT=8000
WORKDIR /app
USER 10001:10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/healthz', timeout=4)"]
CMD ["python", "manage.py", "up", "--without-worker"]
