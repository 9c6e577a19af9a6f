# syntax=docker/dockerfile:1
# An image that contains one static program and nothing else.
#
#   docker build --tag migrator .
#   docker run --rm --env DATABASE_URL migrator up --service=all
#
# The image has no certificate authorities: for `sslmode=verify-full`, mount their file, and name it
# in `sslrootcert`. It has no Postgres either, which `verify` and `drift` need for a temporary server.

# The musl of this image is linked statically.
FROM rust:1.95-alpine AS build
RUN apk add --no-cache gcc musl-dev
WORKDIR /source
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/source/target \
    cargo build --release --locked --package migrator && \
    cp target/release/migrator /migrator

FROM scratch
COPY --from=build /migrator /migrator
USER 65532:65532
# The build fails here if the program needs a library.
RUN ["/migrator", "--version"]
ENTRYPOINT ["/migrator"]
