# Both images of this project. Without a container daemon, `cargo xtask image` makes the same as an OCI layout.
#
#   docker build --target networking-calico --platform linux/amd64,linux/arm64 .
#   docker build --target admission-calico --platform linux/amd64,linux/arm64 .
#
# The build runs on the builder's own processor and compiles for the wanted one.

FROM --platform=$BUILDPLATFORM rust:1.95-bookworm AS build
ARG BUILDARCH
ARG TARGETARCH
RUN foreign=$([ "$TARGETARCH" = "$BUILDARCH" ] || { [ "$TARGETARCH" = arm64 ] && echo gcc-aarch64-linux-gnu libc6-dev-arm64-cross; } || echo gcc-x86-64-linux-gnu libc6-dev-amd64-cross) \
    && apt-get update \
    && apt-get install --yes --no-install-recommends musl-tools $foreign \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /networking-calico
COPY . .
RUN rustup target add x86_64-unknown-linux-musl aarch64-unknown-linux-musl \
    && cargo xtask image --architecture "$TARGETARCH" \
    && mv "target/image/root-$TARGETARCH" /image

FROM scratch AS networking-calico
COPY --from=build /image/ /
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 65532:65532
ENTRYPOINT ["/networking-calico"]

FROM networking-calico AS admission-calico
ENTRYPOINT ["/networking-calico", "admission"]
