#!/bin/sh
# Runs once, when PostgreSQL's volume is new: the roles that log in, each with its password. What they may do is said
# by the migrations.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
  --set owner="$OWNER_PASSWORD" --set service="$SERVICE_PASSWORD" --set auditor="$AUDITOR_PASSWORD" <<'SQL'
create role offswitch_owner login password :'owner';
create role offswitch_service login password :'service';
create role offswitch_auditor login password :'auditor';
alter database offswitch owner to offswitch_owner;
SQL
