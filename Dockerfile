# docker build -t recast .                          runs on the CPU
# docker build -t recast --build-arg DEVICE=cuda .  adds the CUDA libraries; run it with --gpus all
ARG PYTHON=3.11

FROM python:${PYTHON}-slim-bookworm AS wheels
ARG DEVICE=cpu
WORKDIR /build
COPY requirements.txt requirements-cuda.txt ./
RUN python -m venv /opt/recast
# --no-deps: the lists are whole closures, without the wheels that would overwrite each other.
RUN /opt/recast/bin/pip install --no-cache-dir --no-deps -r requirements.txt \
    && if [ "$DEVICE" = cuda ]; then /opt/recast/bin/pip install --no-cache-dir --no-deps -r requirements-cuda.txt; fi

FROM python:${PYTHON}-slim-bookworm
# What opencv-python links to: libGL, libglib and libgthread.
# Unpinned: Debian keeps only the newest version of a release, and a pinned one is gone with its first update.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/*
# The image of Python comes without its own modules compiled; like ours, they would be compiled at every start, at each
# question after its health too.
RUN python -m compileall -q -x site-packages "$(python -c 'import os; print(os.path.dirname(os.__file__))')"
RUN useradd --create-home --uid 1000 recast && install -d -o recast -g recast /data
COPY --from=wheels /opt/recast /opt/recast
WORKDIR /app
COPY --chown=recast:recast app.py LICENSE ./
COPY --chown=recast:recast pipeline pipeline
COPY --chown=recast:recast studio studio
COPY --chown=recast:recast assets assets
# Nothing can be written there later: every start would compile all of it.
RUN /opt/recast/bin/python -m compileall -q --invalidation-mode unchecked-hash app.py pipeline studio
# By number, so that a host can see that it is not root.
USER 1000
ENV PATH=/opt/recast/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    GRADIO_SERVER_NAME=0.0.0.0 \
    RECAST_DATA=/data \
    RECAST_HOME=/data/home
VOLUME /data
EXPOSE 7860
# It asks at whichever port the studio listens on, by flag or by the host's variable.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "app.py", "health"]
ENTRYPOINT ["python", "app.py"]
