# PEEL's server: pages and API of the workspace that is mounted at /workspace. docs/deploying.md says how to run it.
FROM python:3.12-slim AS build
# `server,postgres,rag` for scenarios that search documents: that is gigabytes more.
ARG EXTRAS=server,postgres
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY peel peel
RUN python -m venv /opt/peel \
    && /opt/peel/bin/pip install --no-cache-dir --disable-pip-version-check --constraint constraints.txt ".[${EXTRAS}]"

FROM python:3.12-slim
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin peel \
    && install --directory --owner=peel --group=peel /workspace
COPY --from=build /opt/peel /opt/peel
ENV PATH=/opt/peel/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /workspace
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=6s --start-period=60s --retries=3 CMD ["python", "-c", "\
import http.client, os, sys; \
server = http.client.HTTPConnection('127.0.0.1', int(os.environ.get('PEEL_SERVE_PORT', '8000')), timeout=5); \
server.request('GET', '/health'); \
sys.exit(server.getresponse().status != 200)"]
ENTRYPOINT ["peel"]
CMD ["serve", "--host", "0.0.0.0"]
