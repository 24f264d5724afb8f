"""Calls that this site makes to other servers: where they may go, how long they may take, how much they may return."""
