# One image for all that is ours: code server, webserver, daemon, metrics endpoint, migrations.
#
# Bases are named by version; docs/compose.md says how to pin them by digest.
#
# checkov:skip=CKV_DOCKER_7:the versions of the bases are in the arguments
ARG PYTHON=python:3.13-slim-trixie
ARG PROMETHEUS=prom/prometheus:v3.5.3

# checkov:skip=CKV_DOCKER_7:the versions of the bases are in the arguments
FROM ${PROMETHEUS} AS prometheus

FROM ${PYTHON} AS dependencies
WORKDIR /src
# With what each kind of lake needs; without the embedded server: PostgreSQL is a container.
COPY constraints-image.txt ./
RUN --mount=type=cache,target=/var/cache/pip \
    python -m venv --without-pip /opt/venv \
 && pip --python /opt/venv/bin/python install --cache-dir /var/cache/pip --require-hashes --disable-pip-version-check \
    -r constraints-image.txt

FROM dependencies AS package
COPY pyproject.toml README.md LICENSE dagster.yaml ./
COPY iracing_pipeline iracing_pipeline
RUN pip --python /opt/venv/bin/python install --no-deps --no-build-isolation --no-cache-dir \
    --disable-pip-version-check --prefix /package .

FROM dependencies AS environment
# What built the project.
RUN pip --python /opt/venv/bin/python uninstall --yes \
    hatchling editables pathspec pluggy trove-classifiers

FROM ${PYTHON}
# The base brings an installer of packages; what is installed here is final.
RUN rm -rf /usr/local/lib/python3.*/site-packages/pip* /usr/local/lib/python3.*/ensurepip /usr/local/bin/pip* \
 && groupadd --gid 10001 iracing \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin iracing \
 # A volume over a folder that is not there would belong to root.
 && install -d -o iracing -g iracing /data /dagster /prometheus /telemetry \
 && install -d /results \
 # By these, object stores, iRacing and databases in clouds are known.
 && test -s /etc/ssl/certs/ca-certificates.crt
# Sessions that are too old to be written remotely become blocks, and promtool makes these.
COPY --from=prometheus /bin/promtool /usr/local/bin/promtool
COPY --from=environment /opt/venv /opt/venv
COPY docker/dagster.yaml docker/workspace.yaml /opt/dagster/
COPY --chmod=755 docker/entry.sh docker/health.py /usr/local/bin/
COPY --from=package /package /opt/venv

ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp \
    PGPASSFILE=/tmp/pgpass \
    DAGSTER_HOME=/opt/dagster \
    DAGSTER_DISABLE_TELEMETRY=1 \
    IRACING_HOME=/data \
    IRACING_TELEMETRY_DIR=/telemetry \
    IRACING_RESULTS_DIR=/results

ARG VERSION=0.1.0
ARG REVISION=unknown
ARG SOURCE=
LABEL org.opencontainers.image.title="iracing-pipeline" \
      org.opencontainers.image.description="iRacing telemetry and results as laps in PostgreSQL" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}"

USER 10001:10001
WORKDIR /tmp
ENTRYPOINT ["entry.sh"]
CMD ["dagster", "api", "grpc", "-h", "0.0.0.0", "-p", "4000", "-m", "iracing_pipeline.definitions"]
HEALTHCHECK --interval=15s --timeout=10s --start-period=180s --start-interval=2s --retries=4 \
    CMD ["health.py", "grpc", "127.0.0.1:4000"]
