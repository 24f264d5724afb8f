"""An encoder adapted to what a site's own visitors search for."""
