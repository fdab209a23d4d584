# Two stages: a static binary, and nothing else in the image but it and the
# certificates it trusts. .ci/image proves the same steps without an engine.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o /partyline ./cmd/partyline \
 && mkdir /data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /partyline /partyline
# 65534 is nobody: no user of the host is its owner.
COPY --from=build --chown=65534:65534 /data /data
USER 65534:65534
WORKDIR /data
ENV PARTYLINE_HTTP_LISTEN=0.0.0.0:8080 \
    PARTYLINE_STATE_PATH=/data/partyline.db
VOLUME /data
EXPOSE 8080/tcp 5060/udp 20000-29999/udp
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["/partyline", "health"]
ENTRYPOINT ["/partyline"]
CMD ["serve"]
