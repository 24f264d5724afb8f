"""Django's PostgreSQL backend, with a check of persistent connections that costs no round trip."""
