"""The application's own HTTP side: health, metrics, API, live events and one page to look at."""
