#!/bin/sh
# In place of the image's own, which leaves the superuser's password in the server's environment,
# and takes a database whose making was cut short for a whole one.
set -eu
if [ ! -d "$PGDATA" ]; then
    rm -rf "$PGDATA.new"
    initdb --pgdata="$PGDATA.new" --username=postgres --pwfile=/run/secrets/postgres_password \
        --auth=scram-sha-256 --encoding=UTF8 --data-checksums
    mv "$PGDATA.new" "$PGDATA"
fi
# PostgreSQL takes a key only from a file that is its user's alone; secrets are not.
if [ -e /run/secrets/postgres_key ]; then
    (umask 077 && cat /run/secrets/postgres_key > /var/run/postgresql/server.key)
fi
exec postgres "$@"
