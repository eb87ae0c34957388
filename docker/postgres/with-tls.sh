#!/bin/sh
# PostgreSQL takes a key only from a file that is its user's alone; secrets are not.
set -eu
umask 077
cat /run/secrets/postgres_key > /var/run/postgresql/server.key
umask 022
exec docker-entrypoint.sh "$@"
