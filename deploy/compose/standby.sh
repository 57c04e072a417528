#!/bin/bash
# Makes a standby of the primary at the first start, and runs it.
set -eu
export PGDATA=/var/lib/postgresql/data
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  export PGPASSWORD
  PGPASSWORD=$(cat /run/secrets/postgres-password)
  until pg_isready -h postgres-1 -U homing -q; do sleep 1; done
  pg_basebackup -d "host=postgres-1 user=homing application_name=standby" -D "$PGDATA" -R -X stream --checkpoint=fast
  # -R has written how to connect, with the password, for the user postgres only.
  chown -R postgres:postgres "$PGDATA"
  chmod 700 "$PGDATA"
fi
exec gosu postgres postgres
