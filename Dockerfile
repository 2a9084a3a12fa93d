# The image: the program alone, with the certificates of public authorities.
#
#   docker build --build-arg VERSION=v0.1.0 --build-arg REVISION=$(git rev-parse HEAD) -t easyauth .
#
# BUILDER may be any image with Go 1.26, a shell and /etc/ssl/certs/ca-certificates.crt. It runs on the machine that
# builds, whatever the image is for: Go compiles for amd64 and arm64 anywhere. docs/image.md says more.
ARG BUILDER=golang:1.26

FROM --platform=$BUILDPLATFORM ${BUILDER} AS build
WORKDIR /src
# Modules first: they change less often than the code.
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
# v1.0.0, certified, …: Go's frozen cryptographic module, and FIPS 140-3 mode from the start.
ARG GOFIPS140=off
ARG TARGETOS=linux
ARG TARGETARCH
RUN CGO_ENABLED=0 GOOS=${TARGETOS} GOARCH=${TARGETARCH} \
    go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=${VERSION}" -o /out/easyauth ./cmd/easyauth
# The licences of what is linked in want their text to travel along.
RUN go run ./test/tools/release notices /out/easyauth >/out/THIRD-PARTY-LICENSES

FROM scratch
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="EasyAuth" \
      org.opencontainers.image.source="https://github.com/easyauth-sidecar/easyauth" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /src/LICENSE /out/THIRD-PARTY-LICENSES /
COPY --from=build /out/easyauth /easyauth
# Time zones are in the program. No shell, no users: the number is enough.
USER 65532:65532
# 8080 is for the proxy; 9090 is for probes and metrics and must not be public.
EXPOSE 8080 9090
HEALTHCHECK --interval=30s --timeout=6s --start-period=5s CMD ["/easyauth", "healthcheck"]
ENTRYPOINT ["/easyauth"]
CMD ["serve"]
