# One image for every process of the site; docker-compose.yml says which process a container runs.
ARG PYTHON_IMAGE=python:3.12-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
# The URL of a package index with another build of torch, such as PyTorch's own for CPUs, which is far smaller.
# Empty means the default index, whose Linux build uses CUDA.
ARG TORCH_INDEX=""
WORKDIR /build
COPY requirements.lock pyproject.toml ./
COPY scripts/dependencies.py scripts/
RUN python -m venv /venv \
    && python scripts/dependencies.py >wanted \
    && if [ -n "$TORCH_INDEX" ]; then \
        /venv/bin/pip install --no-cache-dir --index-url "$TORCH_INDEX" "$(grep '^torch==' requirements.lock)"; fi \
    && /venv/bin/pip install --no-cache-dir --constraint requirements.lock --requirement wanted

FROM ${PYTHON_IMAGE}
RUN useradd --system --uid 10001 --home-dir /data --create-home searchsite \
    && mkdir /data/media && chown searchsite /data/media
WORKDIR /app
COPY --from=build /venv /venv
COPY . .
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 PORT=8000 MEDIA_ROOT=/data/media ENCODERS_DIR=/data/encoders BEAT_SCHEDULE=/data/beat-schedule
# Collecting files connects to nothing, but the settings require an environment.
RUN DATABASE_URL=postgres://build@127.0.0.1/build REDIS_URL=redis://127.0.0.1 ALLOWED_HOSTS=localhost SECRET_KEY=build \
    python manage.py collectstatic --no-input
USER searchsite
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=6s --start-period=60s CMD ["python", "-m", "searchsite.healthcheck"]
CMD ["python", "-m", "searchsite.processes", "web"]
