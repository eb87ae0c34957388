#!/bin/sh
# Secrets stay files: passwords of database roles are handed to libpq as its own password file,
# which must be its user's alone, so it is written anew at each start, in memory. So the command,
# health checks and whatever is run in the container later are let in alike, and no environment
# holds a password.
set -eu
umask 077
for file in /run/secrets/*_password; do
    [ -s "$file" ] || continue
    role=$(basename "$file" _password)
    printf '*:*:*:%s:%s\n' "$role" "$(sed 's/[:\\]/\\&/g' "$file")"
done > "$PGPASSFILE"
umask 022
exec "$@"
