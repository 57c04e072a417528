#!/bin/bash
# Lets the standby follow; run once, when the primary is made.
set -eu
echo "host replication homing all scram-sha-256" >> "$PGDATA/pg_hba.conf"
