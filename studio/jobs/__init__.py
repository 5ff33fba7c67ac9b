"""Jobs that outlive browser tabs and the server: kept in SQLite, carried out by threads, then cleared away."""
