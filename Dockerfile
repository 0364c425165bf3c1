# The server in a container, over stdio: docker run --interactive --rm --volume seedream:/data seedream-hub
# tests/test_packaging.py runs these steps without an engine; its folders stand in for APP and DATA.
FROM python:3.13-slim AS build
ARG APP=/opt/seedream-hub
WORKDIR /src
COPY . .
RUN python -m pip install --quiet --no-cache-dir "uv>=0.9,<1"
RUN python -m venv --without-pip "$APP"
RUN uv pip install --quiet --compile-bytecode --python "$APP" --require-hashes --requirement runtime.lock
RUN uv pip install --quiet --compile-bytecode --python "$APP" --no-deps .

FROM python:3.13-slim
ARG APP=/opt/seedream-hub
ARG DATA=/data
COPY --from=build $APP $APP
# Whoever the container runs as can write here.
RUN install --directory --mode=1777 "$DATA"
ENV PATH=$APP/bin:$PATH HOME=$DATA SEEDREAM_OUTPUT_DIR=$DATA/pictures SEEDREAM_STATE_DIR=$DATA/state
USER 65532:65532
WORKDIR $DATA
VOLUME $DATA
HEALTHCHECK --interval=60s --timeout=30s --start-period=10s CMD ["seedream-hub", "doctor", "--offline"]
ENTRYPOINT ["seedream-hub"]
