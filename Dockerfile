# syntax=docker/dockerfile:1
FROM rust:1.95-slim-bookworm AS build
# A step fails when any part of its pipe does.
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates curl gcc g++ libc6-dev \
    && rm -rf /var/lib/apt/lists/* \
    && rustup component add llvm-tools
WORKDIR /build
# The dependencies are a layer of their own: they change seldom and take most of the time. Cargo wants every target of
# its manifest to be there; nothing here builds the benches, so empty ones do for good.
COPY Cargo.toml Cargo.lock ./
RUN mkdir -p src benches \
    && echo 'fn main() {}' > src/main.rs \
    && touch src/lib.rs \
    && sed -n '/^\[\[bench\]\]/,/^name/ s/^name = "\(.*\)"$/\1/p' Cargo.toml | xargs -I{} touch benches/{}.rs \
    && cargo build --release --locked \
    && rm -rf src
COPY flattap.example.toml ./
COPY templates ./templates
COPY connectors ./connectors
COPY benches/guided ./benches/guided
COPY src ./src
# Built with counters, put to work, and built again by what was counted.
RUN benches/guided/build.sh

FROM debian:bookworm-slim AS runtime
LABEL org.opencontainers.image.title="flattap" \
      org.opencontainers.image.description="CleverTap as flat, typed tables for BI tools" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates curl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --no-log-init --uid 10001 --user-group --home-dir /var/lib/flattap --create-home flattap
COPY --from=build /build/target/guided/flattap /usr/local/bin/flattap
USER 10001:10001
WORKDIR /var/lib/flattap
VOLUME /var/lib/flattap
# Reachable from outside the container, on the ports that are published. Variables win over the configuration file, so
# nothing else is set here: the store is /var/lib/flattap unless the file names another.
ENV FLATTAP__SERVER__LISTEN=0.0.0.0:8080 \
    FLATTAP__SERVER__ADMIN_LISTEN=0.0.0.0:8081
EXPOSE 8080 8081
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["curl", "--fail", "--silent", "--show-error", "--output", "/dev/null", "http://127.0.0.1:8081/livez"]
ENTRYPOINT ["flattap"]
CMD ["serve", "--config", "/etc/flattap/flattap.toml"]
