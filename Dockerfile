# The page and the REST service in a container. It runs as nobody special, and needs nothing from outside at run time.
FROM python:3.13-slim AS build
COPY pyproject.toml README.md LICENSE /src/
COPY src /src/src
RUN python -m venv /opt/lookalike && /opt/lookalike/bin/pip install --no-cache-dir /src

FROM python:3.13-slim
RUN useradd --uid 10001 --create-home lookalike && install -d -o lookalike /gallery
COPY --from=build /opt/lookalike /opt/lookalike
ENV PATH=/opt/lookalike/bin:$PATH PYTHONUNBUFFERED=1 LOOKALIKE_GALLERY=/gallery
USER lookalike
VOLUME /gallery
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["lookalike"]
# Inside of a container all addresses are the container's; who may reach it is what is published. It asks for LOOKALIKE_TOKEN.
CMD ["serve", "--host", "0.0.0.0"]
