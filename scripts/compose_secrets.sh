#!/usr/bin/env bash
# Create the secrets of docker-compose.yml, once. The folder is closed to others; its files stay readable to containers.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ -e secrets ]; then
    echo "secrets/ already exists and is left unchanged." >&2
    exit 1
fi
random() { head -c 36 /dev/urandom | base64 | tr '+/' '-_'; }
mkdir -m 700 secrets
umask 022
postgres_password="$(random)"
redis_password="$(random)"
printf %s "$(random)$(random)" >secrets/secret_key
printf %s "$postgres_password" >secrets/postgres_password
printf %s "$redis_password" >secrets/redis_password
printf %s "postgres://searchsite:$postgres_password@db:5432/searchsite" >secrets/database_url
printf %s "redis://:$redis_password@redis:6379/0" >secrets/redis_url
echo "Wrote secrets/."
