#!/bin/sh
# Makes a certificate authority and the certificate of a server on loopback, for a hundred years. The authority's key is
# thrown away, so that nothing else can ever be signed with it.
set -e
cd "$(dirname "$0")"
key=$(mktemp)
trap 'rm -f "$key" request.pem' EXIT
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 -subj "/CN=embedkit test authority" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign -keyout "$key" -out authority.pem
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=localhost" -keyout server.key -out request.pem
printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n' |
    openssl x509 -req -in request.pem -CA authority.pem -CAkey "$key" -days 36500 -extfile /dev/stdin -out server.pem
